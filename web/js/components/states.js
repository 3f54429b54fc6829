// What a page shows when there is nothing, nothing yet, or a refusal.
import { h, copyText, icon } from "../dom.js";

/**
 * What failed, the id of the request, a way to try again.
 * @param {Error} error
 * @param {(() => void) | null} retry
 */
export function errorBox(error, retry) {
    const details = [
        error.message,
        error.status ? `status ${error.status}${error.code ? ` (${error.code})` : ""}` : null,
        error.requestID ? `request ${error.requestID}` : null,
        location.href,
    ].filter(Boolean).join("\n");
    return h("div.error-box", { role: "alert" },
        h("b", {}, error.message),
        error.requestID ? h("div.muted", {}, "request ", h("code", {}, error.requestID)) : null,
        h("div.row", {},
            retry ? h("button.button", { type: "button", on: { click: retry } }, "Retry") : null,
            h("button.button", { type: "button", on: { click: () => copyText(details) } }, "Copy details")));
}

/** Grey bars of the height of the rows that will stand there. */
export function skeleton(rows) {
    return h("div.skeleton", { "aria-hidden": "true" }, Array.from({ length: rows }, () => h("div")));
}

/**
 * Text to take away, with a button that does it.
 * @param {string} text
 * @param {string} [label]
 */
export function copyBox(text, label = "Copy") {
    const button = h("button.button.copy", { type: "button", "aria-label": label }, icon("copy"), h("span", {}, "Copy"));
    button.addEventListener("click", async () => {
        await copyText(text);
        button.lastChild.textContent = "Copied";
        setTimeout(() => { button.lastChild.textContent = "Copy"; }, 1_500);
    });
    return h("div.copy-box", {}, h("pre", {}, h("code", {}, text)), button);
}

/**
 * The lines that make a first run appear, with this server's address filled in.
 * @param {string} [experiment] name of the experiment to log to
 */
export function firstLines(experiment = "first-steps") {
    const server = new URL(".", document.baseURI).href.replace(/\/$/, "");
    return `export MLFLOW_TRACKING_URI=${server}
python - <<'EOF'
import mlflow
mlflow.set_experiment(${JSON.stringify(experiment)})
with mlflow.start_run():
    mlflow.log_param("lr", 0.01)
    for step in range(100):
        mlflow.log_metric("val/loss", 1 / (1 + step), step=step)
EOF`;
}

/** @param {string} sentence @param {...any} more */
export function emptyBox(sentence, ...more) {
    return h("div.empty", {}, h("p", {}, sentence), ...more);
}
