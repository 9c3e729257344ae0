"""Texts of the camera in Explore: English and Chinese by key."""

TEXTS = {
    "live_start": ("Live camera", "实时摄像头"),
    "live_keep": ("Keep this frame", "保留这一帧"),
    "live_wait": ("Waiting for the camera …", "正在等待摄像头……"),
    "live_rate": ("{rate} frames a second, each shown after {delay} ms", "每秒 {rate} 帧，每帧 {delay} 毫秒后显示"),
    "live_refused": (
        "The camera may not be used: allow it for this page in your browser, or upload a photograph.",
        "无法使用摄像头：请在浏览器中允许此页面使用，或上传一张照片。",
    ),
    "live_absent": (
        "No camera was found. A page needs https, or your own machine, to use one.",
        "没有找到摄像头。页面需要通过 https 或在本机上才能使用。",
    ),
    "live_silent": ("The server does not answer; the camera is off.", "服务器没有回应；摄像头已关闭。"),
}
