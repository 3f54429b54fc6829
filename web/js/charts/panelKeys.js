// The keys of a panel of charts, as the list of keys shows them.

/** What keys do on a panel of charts. @param panel */
export function panelKeys(panel) {
    const pointed = (work) => () => panel.pointed && work(panel.pointed);
    return {
        l: { label: "Logarithmic y", run: () => panel.set({ log: panel.state.isLog ? null : "1" }) },
        L: { label: "Logarithmic x", run: () => panel.set({ logx: panel.state.isLogX ? null : "1" }) },
        a: { label: "Next x axis", run: () => panel.nextAxis() },
        ".": { label: "Smoothing", run: () => panel.toolbar.smooth.select() },
        "-": { label: "Smaller cards", run: () => panel.resize(1) },
        "+": { label: "Larger cards", run: () => panel.resize(-1) },
        "=": { run: () => panel.resize(-1) },
        p: { label: "Pin the card under the pointer", run: pointed((card) => panel.togglePin(card)) },
        Enter: { label: "Full screen for the card under the pointer", run: pointed((card) => panel.toggleFull(card)) },
        z: { label: "Zoom back", run: () => panel.zoomBack() },
        Z: { label: "Zoom out", run: () => panel.reset(null) },
        Escape: { label: "Leave full screen, release the tooltip", shown: "Esc", run: () => {
            if (!panel.tip.isFrozen && panel.state.full) panel.set({ full: null });
            else panel.release();
        } },
    };
}
