// Loaded before the first paint and before any module: the page never flashes in the wrong theme.
(() => {
    const known = ["light", "dark"];
    const asked = new URLSearchParams(location.search).get("theme");
    let kept = null;
    try {
        kept = localStorage.getItem("martlet.theme");
    } catch {
        // Storage may be forbidden; the system's preference decides then.
    }
    const theme = known.includes(asked) ? asked : known.includes(kept) && asked !== "auto" ? kept : null;
    if (theme) document.documentElement.dataset.theme = theme;
})();
