// Loads the page's WebAssembly module; the shell stays until the page takes its place.
import init from "{{asset:mailferry.js}}";

init({ module_or_path: "{{asset:mailferry.wasm}}" }).catch((error) => {
  const notice = document.getElementById("shell-error");
  const wait = document.getElementById("shell-wait");
  if (notice) notice.hidden = false;
  if (wait) wait.hidden = true;
  console.error(error);
});
