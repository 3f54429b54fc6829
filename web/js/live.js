// The only EventSource. This one file is both halves: in a page it is the client, as a SharedWorker it holds the
// one stream of the whole browser (over HTTP/1.1 a browser allows six connections; a stream per tab would use
// them up). Where SharedWorker is missing, one page runs the hub for all (leader.js); without Web Locks each for itself.

const isWorker = typeof SharedWorkerGlobalScope !== "undefined" && self instanceof SharedWorkerGlobalScope;

/** Holds the stream for any number of clients and opens it again whenever the topics change. */
class Hub {
    constructor(url) {
        this.url = url;
        this.clients = new Map();
        this.source = null;
        this.replaced = new Set();
        this.topics = "";
        this.revision = null;
        this.failures = 0;
        this.state = "closed";
        /** When a broken stream is asked for again, in milliseconds since 1970; null while it is not broken. */
        this.retryAt = null;
    }

    set(client, topics, post) {
        if (topics === null) this.clients.delete(client);
        else this.clients.set(client, { topics: new Set(topics), post });
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.open(), this.source ? 30 : 0);
    }

    /** Somebody else held the stream until now: once it is open, everything counts as changed. */
    missed() {
        this.state = "reconnecting";
    }

    open(force = false) {
        const wanted = [...new Set([...this.clients.values()].flatMap((client) => [...client.topics]))].sort().join(",");
        if (wanted === this.topics && this.source && !force) {
            this.tell({ state: this.state, retryAt: this.retryAt });
            return;
        }
        // The old stream stays until the new one has said hello: nothing falls between the two.
        if (this.source) this.replaced.add(this.source);
        this.topics = wanted;
        this.retryAt = null;
        if (!wanted) {
            this.source = null;
            this.closeReplaced();
            this.say("closed");
            return;
        }
        const source = new EventSource(`${this.url}?topics=${encodeURIComponent(wanted)}`);
        this.source = source;
        source.addEventListener("hello", (event) => this.greeted(source, event));
        source.addEventListener("change", (event) => this.changed(event));
        source.addEventListener("reset", () => this.emit(null));
        source.onerror = () => this.failed(source);
        if (this.state === "reconnecting") this.say("reconnecting");
    }

    closeReplaced() {
        for (const source of this.replaced) source.close();
        this.replaced.clear();
    }

    greeted(source, event) {
        this.closeReplaced();
        if (source !== this.source) return;
        const revision = JSON.parse(event.data || "{}").revision ?? null;
        const missed = this.state === "reconnecting" || this.state === "polling";
        this.revision = revision;
        this.failures = 0;
        clearInterval(this.poll);
        this.poll = null;
        this.say("live");
        if (missed) this.emit(null);
    }

    changed(event) {
        const data = JSON.parse(event.data);
        this.revision = data.revision;
        this.emit(data.topics);
    }

    failed(source) {
        this.closeReplaced();
        if (source !== this.source) return;
        // A broken stream would come back by itself, and nobody could say when.
        source.close();
        this.source = null;
        const wait = Math.min(10_000, 500 * 2 ** this.failures);
        this.failures += 1;
        this.retryAt = Date.now() + wait;
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.open(true), wait);
        if (!this.poll) this.say("reconnecting");
        // Some proxies hold streams back for ever: ask now and then instead.
        if (this.failures > 4 && !this.poll) {
            this.say("polling");
            this.poll = setInterval(() => this.emit(null), 5_000);
        }
    }

    say(state) {
        this.state = state;
        this.tell({ state, retryAt: this.retryAt });
    }

    tell(message) {
        for (const client of this.clients.values()) client.post({ ...message, topics: this.topics, revision: this.revision });
    }

    emit(topics) {
        for (const client of this.clients.values()) {
            const mine = topics === null ? [...client.topics] : topics.filter((topic) => client.topics.has(topic));
            if (mine.length) client.post({ changed: mine, revision: this.revision });
        }
    }
}

if (isWorker) {
    const hubs = new Map();
    self.onconnect = ({ ports: [port] }) => {
        let hub = null;
        port.onmessage = ({ data }) => {
            if (!hubs.has(data.url)) hubs.set(data.url, new Hub(data.url));
            hub = hubs.get(data.url);
            hub.set(port, data.topics, (message) => port.postMessage(message));
        };
    };
}

// ---- the client's half ----

const subscriptions = new Set();
const watchers = new Set();
let state = "closed";
let retryAt = null;
let send = null;
let pauseTimer = null;
let isPaused = false;
/** How far the events went when this page last heard of them. */
let revision = null;

function connect() {
    if (send) return;
    const url = new URL("api/v1/events", document.baseURI).href;
    if (typeof SharedWorker === "undefined" && navigator.locks && typeof BroadcastChannel !== "undefined") {
        let wanted = [];
        send = (topics) => { wanted = topics; };
        import("./leader.js").then(({ takePart }) => {
            send = takePart(url, Hub, received);
            send(wanted);
        });
    } else if (typeof SharedWorker === "undefined") {
        const hub = new Hub(url);
        send = (topics) => hub.set("page", topics, received);
    } else {
        const worker = new SharedWorker(import.meta.url, { type: "module", name: "martlet-live" });
        worker.port.onmessage = ({ data }) => received(data);
        send = (topics) => worker.port.postMessage({ url, topics });
    }
    document.addEventListener("visibilitychange", visibilityChanged);
    addEventListener("pagehide", () => send(null));
    addEventListener("pageshow", (event) => event.persisted && announce());
}

function visibilityChanged() {
    clearTimeout(pauseTimer);
    if (document.hidden) {
        // A glance at another tab is not worth a new stream.
        pauseTimer = setTimeout(() => {
            isPaused = true;
            announce();
            setState("paused");
        }, 3_000);
    } else if (isPaused) {
        isPaused = false;
        announce();
        for (const subscription of subscriptions) subscription.callback([...subscription.topics]);
    }
}

function announce() {
    const topics = isPaused ? [] : [...new Set([...subscriptions].flatMap((one) => [...one.topics]))];
    send(topics);
}

function setState(next, nextTry = null) {
    if (isPaused && next !== "paused") return;
    if (state === next && retryAt === nextTry) return;
    state = next;
    retryAt = nextTry;
    for (const watcher of watchers) watcher(state, retryAt);
}

function received(message) {
    revision = message.revision ?? revision;
    if (message.state) {
        setState(message.state, message.retryAt);
        if (message.state === "live") {
            const open = new Set(message.topics.split(","));
            for (const subscription of subscriptions) subscription.opened(open);
        }
    }
    if (message.changed) {
        for (const subscription of subscriptions) {
            const mine = message.changed.filter((topic) => subscription.topics.has(topic));
            if (mine.length) subscription.callback(mine);
        }
    }
}

/**
 * Listens to topics until closed. Await `ready` before the first read: then nothing is missed between the two.
 * It resolves at the latest after 80 ms; where the stream opens later than that, `callback` is called once.
 */
export function subscribe(topics, callback) {
    connect();
    let resolve;
    const subscription = {
        topics: new Set(topics),
        callback,
        isOpen: false,
        isLate: false,
        marked: undefined,
        opened(open) {
            if (this.isOpen || ![...this.topics].every((topic) => open.has(topic))) return;
            this.isOpen = true;
            resolve();
            // Where nothing at all happened since the read, there is nothing to read again.
            if (this.isLate && (revision === null || revision !== this.marked)) callback(this.fresh ?? [...this.topics]);
            this.fresh = null;
        },
    };
    const ready = new Promise((done) => {
        resolve = done;
        setTimeout(() => {
            subscription.isLate = !subscription.isOpen;
            done();
        }, 80);
    });
    subscriptions.add(subscription);
    announce();
    return {
        ready,
        /** A read begins: topics that are taken on later count as read then, unless something happened since. */
        mark() {
            subscription.marked = revision ?? undefined;
        },
        /** Other topics from now on. A topic that is new counts as changed once its stream is open. */
        change(next) {
            const fresh = next.filter((topic) => !subscription.topics.has(topic));
            if (!fresh.length && next.length === subscription.topics.size) return;
            subscription.topics = new Set(next);
            if (fresh.length) {
                // The old stream covers the old topics until the new one is open.
                const waiting = subscription.isOpen ? [] : subscription.fresh ?? next;
                subscription.fresh = [...new Set([...waiting, ...fresh])];
                subscription.isOpen = false;
                subscription.isLate = true;
            }
            announce();
        },
        close() {
            subscriptions.delete(subscription);
            announce();
        },
    };
}

/** Calls back with the state of the stream, now and at every change. */
export function onState(watcher) {
    connect();
    watchers.add(watcher);
    watcher(state, retryAt);
}
