// "How was it made?": what the tags of a run say, and what W&B's client wrote about its program and its machine.
import { fill, h } from "../dom.js";
import { bytes, plural } from "../format.js";
import { fileText } from "../files.js";
import { pairTable } from "./runTables.js";

/** How long after a look for the file a run that goes on is looked at again, in milliseconds; each time twice as long. */
const PATIENCE = 5_000;
const LARGEST = 1_000_000;
const FACTS = [["command", "mlflow.source.name"], ["entry point", "mlflow.project.entryPoint"], ["program", "wandb.program"],
    ["commit", "mlflow.source.git.commit", "wandb.commit"], ["branch", "mlflow.source.git.branch"], ["repository", "mlflow.source.git.repoURL", "wandb.repository"],
    ["host", "mlflow.source.host", "wandb.host"], ["user"], ["Python"], ["system"], ["hardware"], ["parent run", "mlflow.parentRunId"], ["forked from", "wandb.forkedFrom"]];
const KEYS = new Set(FACTS.flatMap(([, ...keys]) => keys));

/** Whether a tag is told here. */
export const isMade = (key) => KEYS.has(key);

/** @param page the run page; what was read is kept there */
export function made(page) {
    const host = h("div"), state = page.made ??= { at: 0, wait: PATIENCE };
    const draw = () => fill(host, pairTable(["what", "value"], rows(page.run, state.facts)));
    draw();
    // Only that client has names of its own for runs.
    if (page.run.foreignID && !state.facts) read(page.run, state).then(draw);
    return host;
}

function rows(run, facts = {}) {
    const tag = (key) => run.tags.find((one) => one.key === key)?.value;
    const told = FACTS.map(([label, ...keys]) => [label, keys.map(tag).find(Boolean) ?? (label === "user" ? run.user : facts[label])]);
    return [...told, ["run id", run.foreignID], [run.foreignID ? "id in Martlet" : "run id", run.id],
        ["datasets", run.datasets.map((one) => `${one.name} ${one.digest}`).join(", ")]].filter(([, value]) => value);
}

/** Reads the file, once it is here. Not every run has it, and the rest is told without it. */
function read({ id, status }, state) {
    const now = Date.now();
    if (state.status !== status || now >= state.at) {
        const answer = fileText(["runs", id], "wandb-metadata.json", LARGEST).then(({ text }) => { state.facts = factsOf(JSON.parse(text)); }).catch(() => {});
        Object.assign(state, { answer, status, at: status === "running" ? now + state.wait : Infinity, wait: 2 * state.wait });
    }
    return state.answer;
}

const textOf = (value) => typeof value === "string" ? value : "";

function factsOf(file) {
    const { git, cpu, apple, cpu_count: cores, cpu_count_logical: threads, gpu_count: cards, gpu_nvidia: nvidia } = file;
    const model = textOf(cpu?.model) || textOf(apple?.name), gpu = textOf(file.gpu), room = size(nvidia?.[0]?.memoryTotal), memory = size(file.memory?.total);
    return {
        command: commandLine(file), commit: textOf(git?.commit), repository: textOf(git?.remote), host: textOf(file.host),
        Python: textOf(file.python), system: textOf(file.os),
        hardware: [
            cores > 0 ? plural(cores, "CPU") : "", threads > cores ? `${threads} threads` : "", model, memory && `${memory} memory`,
            gpu && `${cards > 1 ? `${cards} × ` : ""}${gpu}${room && ` (${room})`}`,
        ].filter(Boolean).join(" · "),
    };
}

/** Older clients wrote GB instead of bytes. */
const size = (total) => total > 0 ? bytes(total < 1e6 ? total * 1e9 : Number(total)) : "";

/** What one would type, in the words of a shell. Neither a notebook nor a prompt has such a line. */
function commandLine({ program, codePath, args }) {
    const module = /^-m /.test(program) ? program : "";
    const name = module || textOf(codePath) || textOf(program);
    if (!name || name.startsWith("<")) return "";
    return ["python", module || word(name), ...(Array.isArray(args) ? args : []).map((one) => word(String(one)))].join(" ");
}

const word = (text) => /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
