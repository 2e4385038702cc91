// Before the first paint: the remembered theme, so that the page never flashes in the other one, and the language:
// the remembered one, else the first of the browser's languages that there is a table for.
(() => {
  const root = document.documentElement;
  const remembered = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      // Storage may be switched off: the system's theme and the browser's languages are used.
      return null;
    }
  };
  const theme = remembered("mailferry.theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  const wanted = [remembered("mailferry.language"), ...navigator.languages].filter(Boolean);
  const codes = wanted.map((tag) => tag.toLowerCase().split("-")[0]).map((code) => (/^n[no]$/.test(code) ? "nb" : code));
  const code = codes.find((code) => /^[a-z]{2}$/.test(code) && document.querySelector(`meta[name="asset:texts-${code}"]`));
  if (code) root.lang = code;
})();
