// Today's layout beside the suggested one, and pools against bytes.

function makeLayout() { $('layout').hidden = true; }
function drawLayout() {}
