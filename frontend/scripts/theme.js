// Applies the remembered theme before the first paint, so that the page never flashes in the other one.
(() => {
  try {
    const theme = localStorage.getItem("mailferry.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be switched off: the system's theme is used.
  }
})();
