// What stands where no run is yet: lines that make one appear, with this server's address filled in.
import { copyBox, emptyBox, h, server } from "./dom.js";

const token = (name, without) => "login" in document.documentElement.dataset ? `\nexport ${name}=…  # make one at ${server}/settings/tokens` : without;

const python = (code) => `python - <<'EOF'\n${code}\nEOF`;

/** Python for a shell. @param code */
export const mlflowLines = (code) => `export MLFLOW_TRACKING_URI=${server}${token("MLFLOW_TRACKING_TOKEN", "")}\n${python(code)}`;

/** @param [experiment] name of the experiment to log to */
export function firstLines(experiment = "first-steps") {
    return mlflowLines(`import mlflow
mlflow.set_experiment(${JSON.stringify(experiment)})
with mlflow.start_run():
    mlflow.log_param("lr", 0.01)
    for step in range(100):
        mlflow.log_metric("val/loss", 1 / (1 + step), step=step)`);
}

/** The same by W&B's client, which wants a key of 40 signs wherever it logs to. */
function wandbLines({ name = "first-steps", workspace = "default" } = {}) {
    const entity = workspace === "default" ? "" : `entity=${JSON.stringify(workspace)}, `;
    return `export WANDB_BASE_URL=${server}${token("WANDB_API_KEY", `\nexport WANDB_API_KEY=local-${"0".repeat(40)}`)}
${python(`import wandb
with wandb.init(${entity}project=${JSON.stringify(name)}, config={"lr": 0.01}) as run:
    for step in range(100):
        run.log({"val/loss": 1 / (1 + step)})`)}`;
}

/** @param [experiment] */
export function firstRun(experiment) {
    return emptyBox("No runs yet. Paste this where you train, and the first one appears here:",
        copyBox(firstLines(experiment?.name), "Copy the first lines"),
        h("p", {}, "Or by W&B's client:"), copyBox(wandbLines(experiment), "Copy the lines for wandb"),
        h("p.muted", {}, "Or log a small real training, to have something to look at: ",
            h("code", {}, `scripts/demo ${server}`)));
}
