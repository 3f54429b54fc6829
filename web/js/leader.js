// Where SharedWorker is missing: the tabs of a browser choose one that holds the stream for all of them. Whoever
// holds the lock leads; when its tab is gone the next one has the lock, and all read again what they show.

/**
 * Takes part. Needs Web Locks, and with them a secure context.
 * @param url of the stream; tabs of other servers do not meet
 */
export function takePart(url, Hub, received) {
    const name = `martlet-live:${url}`;
    const own = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
    const channel = new BroadcastChannel(name);
    const clientLock = (id) => `${name}:${id}`;
    let wanted = [], hub = null;

    const tell = () => {
        if (hub) hub.set(own, wanted, received);
        else channel.postMessage({ from: own, topics: wanted });
    };
    const adopt = (id, topics) => {
        const isNew = !hub.clients.has(id);
        hub.set(id, topics, (message) => channel.postMessage({ to: id, message }));
        // Every tab holds a lock of its own: to get it is to know that the tab is gone.
        if (isNew && topics) navigator.locks.request(clientLock(id), () => hub.set(id, null));
    };
    const lead = (isFirst) => {
        hub = new Hub(url);
        if (!isFirst) hub.missed();
        tell();
        channel.postMessage({ leads: own });
        return new Promise(() => {});
    };
    channel.onmessage = ({ data }) => {
        if (data.to === own) received(data.message);
        else if (data.from && hub) adopt(data.from, data.topics);
        else if (data.leads) tell();
    };
    navigator.locks.request(clientLock(own), () => new Promise(() => {}));
    navigator.locks.request(name, { ifAvailable: true }, (lock) => {
        if (lock) return lead(true);
        navigator.locks.request(name, () => lead(false));
        return undefined;
    });
    return (topics) => {
        wanted = topics;
        tell();
    };
}
