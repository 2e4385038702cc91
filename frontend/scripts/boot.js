// Loads the WebAssembly module that the shell names and the texts of its language at once; the shell stays until the page takes its
// place.
const language = document.documentElement.lang;

async function texts() {
  const answer = await fetch(document.querySelector(`meta[name="asset:texts-${language}"]`).content);
  if (!answer.ok) throw new Error(`texts: ${answer.status}`);
  globalThis.mailferryTexts = await answer.text();
}

async function start() {
  const module = WebAssembly.compileStreaming(fetch(document.getElementById("module").href));
  const { default: init } = await import(document.getElementById("glue").href);
  await Promise.all([module, texts()]);
  await init({ module_or_path: await module });
}

function fail(error) {
  const texts = { "shell-title": "{{shell:failed_title}}", "shell-text": "{{shell:failed}}", "shell-reload": "{{shell:reload}}" };
  for (const [id, words] of Object.entries(texts)) {
    const place = document.getElementById(id);
    place.textContent = words[language] ?? place.textContent;
  }
  document.getElementById("shell-reload").addEventListener("click", () => location.reload());
  document.getElementById("shell-wait").hidden = true;
  document.getElementById("shell-error").hidden = false;
  console.error(error);
}

start().catch(fail);
