// the cells of a comparison are drawn by the view's module, whenever there are new ones
const draw = () => import(new URL(`attnviz/${viewer}`, document.baseURI).href).then(({ cells }) => cells(element));
watch('value', draw);
draw();
