// What MLflow's clients are told, and the links that they print.
import { copyBox, decoded, href } from "./dom.js";
import { mlflowLines } from "./firstRun.js";

/** Where the links lead that an mlflow client prints: `#/experiments/<id>/runs/<run>`, `#/models/<name>/versions/<n>`. */
export function mlflowLink(fragment) {
    const run = /^#\/experiments\/[^/?]+\/runs\/([^/?]+)/.exec(fragment);
    if (run) return href(["r", decoded(run[1])]);
    const experiment = /^#\/experiments\/([^/?]+)/.exec(fragment);
    if (experiment) return href(["e", decoded(experiment[1])]);
    const model = /^#\/models(?:\/([^/?]+)(?:\/versions\/(\d+))?)?/.exec(fragment);
    if (model) return href(["m", ...model[1] ? [decoded(model[1])] : [], ...model[2] ? ["v", model[2]] : []]);
    return href(["e"]);
}

/** Chooses the workspace where it is not the one that is meant without a word. @param [workspace] */
export const workspaceLine = (workspace) => workspace && workspace !== "default" ? `mlflow.set_workspace(${JSON.stringify(workspace)})\n` : "";

/** The lines that register a version of a model. @param [workspace] @param model */
export const firstModel = (workspace, model = "first-model") => copyBox(mlflowLines(`import mlflow, mlflow.sklearn
from sklearn.linear_model import LinearRegression
${workspaceLine(workspace)}with mlflow.start_run():
    model = LinearRegression().fit([[0], [1]], [0, 1])
    mlflow.sklearn.log_model(model, name="model", registered_model_name=${JSON.stringify(model)})`), "Copy the first lines");
