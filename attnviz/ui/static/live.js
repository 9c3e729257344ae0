// the camera: one frame at a time is on its way, so that none waits and none is shown late
const WIDTH = 400; // pixels of a frame; no network of this page sees more
const QUALITY = 0.85;
const PATIENCE = 5000; // milliseconds after which a frame counts as lost
const LOST = 3; // lost frames in a row after which the camera is put away
const SHOWN = 10; // frames over which the rate is averaged
const button = element.querySelector('button');
const status = element.querySelector('[role=status]');
const video = Object.assign(document.createElement('video'), { muted: true, playsInline: true });
const canvas = document.createElement('canvas');
let stream = null;
let starting = false;
let turn = 0;
let lost = 0;
let timer = 0;
let began = 0;
let times = [];
let told = ['', {}];

const words = () => texts[document.documentElement.lang.startsWith('zh') ? 1 : 0];
function tell(name, values = {}) {
  told = [name, values];
  const text = name ? words()[name] : '';
  status.textContent = text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  button.textContent = words()[stream ? 'keep' : 'start'];
  button.setAttribute('aria-pressed', String(Boolean(stream)));
}
function stop(name = '') {
  clearTimeout(timer);
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  video.srcObject = null;
  element.dataset.live = '';
  tell(name);
}
async function start() {
  if (starting) return;
  starting = true;
  tell('wait');
  try {
    // a page without https has no camera at all
    if (!navigator.mediaDevices?.getUserMedia) throw new DOMException('', 'NotFoundError');
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 }, facingMode: { ideal: 'environment' } } });
    stream.getVideoTracks()[0].addEventListener('ended', () => keep('absent'));
    video.srcObject = stream;
    await video.play();
    [times, lost] = [[], 0];
    element.dataset.live = 'on';
    document.querySelector('#view')?.scrollIntoView({ block: 'nearest' });
    tell('wait');
    next();
  } catch (error) {
    stop(error.name === 'NotAllowedError' ? 'refused' : 'absent');
  }
  starting = false;
}
const seen = () => !document.hidden && element.checkVisibility();
function next() {
  if (!stream) return;
  if (!seen()) { keep(); return; }
  canvas.width = Math.min(WIDTH, video.videoWidth);
  canvas.height = Math.max(1, Math.round((canvas.width * video.videoHeight) / video.videoWidth));
  canvas.getContext('2d').drawImage(video, 0, 0, canvas.width, canvas.height);
  began = performance.now();
  turn += 1;
  trigger('frame', { jpeg: canvas.toDataURL('image/jpeg', QUALITY), turn });
  timer = setTimeout(() => {
    lost += 1;
    if (lost < LOST) next(); else stop('silent');
  }, PATIENCE);
}
function answered() {
  if (!stream || props.answered !== turn) return;
  clearTimeout(timer);
  lost = 0;
  requestAnimationFrame(() => { // by now it is painted
    const now = performance.now();
    times = [...times, now].slice(-SHOWN - 1);
    const rate = times.length > 1 ? (1000 * (times.length - 1)) / (now - times[0]) : 0;
    const delay = Math.round(now - began);
    (window.attnvizLive ??= []).push(delay);
    window.attnvizLive.splice(0, window.attnvizLive.length - 5000);
    if (rate) tell('rate', { rate: rate.toFixed(rate < 9.95 ? 1 : 0), delay });
    next();
  });
}
// the frame that is shown becomes the photograph of the page
async function keep(name = '') {
  if (!turn) { stop(name); return; }
  const picture = new Promise((done) => { canvas.toBlob(done, 'image/jpeg', 0.95); });
  stop(name);
  const { path } = await upload(new File([await picture], 'camera.jpg', { type: 'image/jpeg' }));
  trigger('keep', { path });
}
button.addEventListener('click', () => { if (stream) keep(); else start(); });
// another photograph was chosen: the camera is put away, and its last frame is nobody's
const other = (event) => { if (stream && event.target.closest?.('#photo, #samples')) stop(); };
for (const name of ['click', 'drop', 'paste']) document.addEventListener(name, other, true);
document.addEventListener('visibilitychange', () => { if (stream && !seen()) keep(); });
new IntersectionObserver(() => { if (stream && !seen()) keep(); }).observe(element);
new MutationObserver(() => tell(...told)).observe(document.documentElement, { attributes: true, attributeFilter: ['lang'] });
watch('answered', answered);
tell('');
