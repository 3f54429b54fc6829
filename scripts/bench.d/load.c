// A cheap HTTP/1.1 load generator: keep-alive connections on one epoll loop, requests prepared beforehand and patched
// in place. It shares the machine with the server that it measures, so it must cost little.
//
//   load PORT CONNECTIONS PLAN (--requests N | --seconds S) [--expect 200] [--list FILE] [--capture KEY FILE]
//
// PLAN is a binary file, little-endian, written by plan.py:
//   u32 templates, then per template: u32 connection, u32 length, u32 patches, the bytes of the request,
//   then per patch: u32 kind, u32 offset, u32 width, u32 unused, u64 start, u64 stride.
// N requests are shared out evenly. The n-th request of a connection uses its template n mod (its templates).
// A patch of kind 0 is the decimal number
// (start + n·stride) mod 10^width, padded with zeros; of kind 1, line (start + n·stride) mod lines of FILE; of kind 2,
// the number of kind 0 padded with blanks.
// `--capture run_id FILE` writes the first string value of that JSON key of each answer, one a line.
// Prints one JSON object: requests, failures, seconds, its own CPU seconds, latencies in milliseconds, bytes.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 1 << 18, CAPTURE_MAX = 4096 };

struct patch {
    uint32_t kind, offset, width, unused;
    uint64_t start, stride;
};

struct template {
    uint32_t length, patches;
    char *bytes;
    struct patch *patch;
};

struct connection {
    int socket;
    struct template *templates;
    uint32_t template_count;
    uint64_t sent_requests, share;
    const char *out;         // What is left to send.
    size_t out_left;
    int in_flight;
    double started;
    // The answer being read.
    char head[16384];
    size_t head_length;
    int head_done, chunked, status;
    int64_t body_left;       // Of the body, or of the current chunk.
    char line[64];           // A chunk-size line being read.
    size_t line_length;
    int chunk_state;         // 0 size line, 1 data, 2 line end after data, 3 trailer.
    char capture[CAPTURE_MAX];
    size_t capture_length;
};

static char *list_bytes;
static size_t list_width, list_count;
static FILE *capture_file;
static const char *capture_key;
static int expected = 200;
static uint64_t limit_requests = UINT64_MAX, begun, completed, failures, bytes_in, bytes_out;
static double deadline = 1e300;
static float *latencies;
static size_t latency_count, latency_room;
static struct sockaddr_in address;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void *read_exactly(FILE *file, size_t length) {
    char *bytes = malloc(length + 1);
    if (bytes == NULL || fread(bytes, 1, length, file) != length) die("the plan is cut short");
    bytes[length] = 0;
    return bytes;
}

static void read_plan(const char *path, struct connection *connections, uint32_t count) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) die(path);
    uint32_t *templates = read_exactly(file, 4);
    for (uint32_t i = 0; i < *templates; i++) {
        uint32_t *head = read_exactly(file, 12);
        struct connection *c = &connections[head[0] % count];
        c->templates = realloc(c->templates, (c->template_count + 1) * sizeof *c->templates);
        struct template *t = &c->templates[c->template_count++];
        t->length = head[1];
        t->patches = head[2];
        t->bytes = read_exactly(file, t->length);
        t->patch = read_exactly(file, t->patches * sizeof *t->patch);
        free(head);
    }
    free(templates);
    fclose(file);
}

static void read_list(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) die(path);
    fseek(file, 0, SEEK_END);
    size_t length = (size_t)ftell(file);
    rewind(file);
    list_bytes = read_exactly(file, length);
    list_width = strcspn(list_bytes, "\n");
    list_count = length / (list_width + 1);
    fclose(file);
}

static void apply(struct template *t, uint64_t n) {
    for (uint32_t i = 0; i < t->patches; i++) {
        struct patch *p = &t->patch[i];
        uint64_t value = p->start + n * p->stride;
        char *at = t->bytes + p->offset;
        if (p->kind == 1) {
            memcpy(at, list_bytes + (value % list_count) * (list_width + 1), p->width);
            continue;
        }
        for (uint32_t digit = p->width; digit > 0; digit--) {
            at[digit - 1] = (char)('0' + value % 10);
            value /= 10;
        }
        for (uint32_t digit = 0; p->kind == 2 && digit + 1 < p->width && at[digit] == '0'; digit++) at[digit] = ' ';
    }
}

static void watch(int epoll, struct connection *c, int writing, int how) {
    struct epoll_event event = {.events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(epoll, how, c->socket, &event) != 0) die("epoll_ctl");
}

static void flush_out(int epoll, struct connection *c) {
    while (c->out_left > 0) {
        ssize_t sent = send(c->socket, c->out, c->out_left, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            watch(epoll, c, 1, EPOLL_CTL_MOD);
            return;
        }
        if (sent < 0) die("send");
        bytes_out += (uint64_t)sent;
        c->out += sent;
        c->out_left -= (size_t)sent;
    }
}

static void begin(int epoll, struct connection *c) {
    if (c->sent_requests >= c->share || now() >= deadline) return;
    begun++;
    struct template *t = &c->templates[c->sent_requests % c->template_count];
    apply(t, c->sent_requests++);
    c->out = t->bytes;
    c->out_left = t->length;
    c->head_length = c->line_length = c->capture_length = 0;
    c->head_done = c->chunked = c->chunk_state = 0;
    c->in_flight = 1;
    c->started = now();
    flush_out(epoll, c);
}

static void reopen(int epoll, struct connection *c, int first) {
    if (!first) close(c->socket);
    c->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->socket, (struct sockaddr *)&address, sizeof address) != 0) die("connect");
    int on = 1;
    setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(c->socket, F_SETFL, O_NONBLOCK);
    watch(epoll, c, 0, EPOLL_CTL_ADD);
}

static void write_capture(struct connection *c) {
    c->capture[c->capture_length] = 0;
    char *at = strstr(c->capture, capture_key);
    if (at == NULL || (at = strchr(at + strlen(capture_key), '"')) == NULL || (at = strchr(at + 1, '"')) == NULL) return;
    size_t length = strcspn(at + 1, "\"");
    fprintf(capture_file, "%.*s\n", (int)length, at + 1);
}

static void finish(int epoll, struct connection *c) {
    double took = now() - c->started;
    completed++;
    c->in_flight = 0;
    if (c->status != expected) {
        if (failures++ == 0) {
            c->capture[c->capture_length] = 0;
            fprintf(stderr, "load: status %d: %.*s\n", c->status, 600, c->capture);
        }
    } else if (capture_file != NULL) {
        write_capture(c);
    }
    if (latency_count == latency_room) {
        latency_room = latency_room ? latency_room * 2 : 65536;
        latencies = realloc(latencies, latency_room * sizeof *latencies);
    }
    latencies[latency_count++] = (float)(took * 1e3);
    c->head[c->head_length < sizeof c->head ? c->head_length : sizeof c->head - 1] = 0;
    if (strcasestr(c->head, "\r\nconnection: close") != NULL) reopen(epoll, c, 0);
    begin(epoll, c);
}

// Takes the header; returns how many of the bytes belonged to it.
static size_t take_head(struct connection *c, const char *bytes, size_t length) {
    size_t room = sizeof c->head - 1 - c->head_length, taken = length < room ? length : room;
    size_t before = c->head_length;
    memcpy(c->head + before, bytes, taken);
    c->head_length += taken;
    c->head[c->head_length] = 0;
    char *end = strstr(c->head, "\r\n\r\n");
    if (end == NULL) {
        if (taken == 0) die("the header of an answer is too long");
        return taken;
    }
    size_t head = (size_t)(end - c->head) + 4;
    c->head[head] = 0;
    c->head_length = head;
    c->head_done = 1;
    c->status = atoi(c->head + 9);
    char *field = strcasestr(c->head, "\r\ncontent-length:");
    c->body_left = field != NULL ? atoll(field + 17) : 0;
    c->chunked = strcasestr(c->head, "\r\ntransfer-encoding: chunked") != NULL;
    return head - before;
}

static void keep(struct connection *c, const char *bytes, size_t length) {
    size_t room = CAPTURE_MAX - 1 - c->capture_length, taken = length < room ? length : room;
    memcpy(c->capture + c->capture_length, bytes, taken);
    c->capture_length += taken;
}

// Takes one byte or more of a chunked body; returns how many, and sets *done after the last chunk.
static size_t take_chunked(struct connection *c, const char *bytes, size_t length, int *done) {
    if (c->chunk_state == 1) {
        size_t taken = (int64_t)length < c->body_left ? length : (size_t)c->body_left;
        keep(c, bytes, taken);
        c->body_left -= (int64_t)taken;
        if (c->body_left == 0) c->chunk_state = 2;
        return taken;
    }
    if (*bytes != '\n') {
        if (*bytes != '\r' && c->line_length < sizeof c->line - 1) c->line[c->line_length++] = *bytes;
        return 1;
    }
    c->line[c->line_length] = 0;
    if (c->chunk_state == 2) {
        c->chunk_state = 0;
    } else if (c->chunk_state == 3) {
        *done = c->line_length == 0;
    } else {
        c->body_left = strtoll(c->line, NULL, 16);
        c->chunk_state = c->body_left == 0 ? 3 : 1;
    }
    c->line_length = 0;
    return 1;
}

static void receive(int epoll, struct connection *c, const char *bytes, size_t length) {
    size_t at = 0;
    while (c->in_flight) {
        if (!c->head_done) {
            if (at == length) return;
            at += take_head(c, bytes + at, length - at);
            continue;
        }
        int done = 0;
        if (c->chunked) {
            if (at == length) return;
            at += take_chunked(c, bytes + at, length - at, &done);
        } else {
            size_t taken = (int64_t)(length - at) < c->body_left ? length - at : (size_t)c->body_left;
            keep(c, bytes + at, taken);
            at += taken;
            c->body_left -= (int64_t)taken;
            done = c->body_left == 0;
            if (!done) return;
        }
        if (done) finish(epoll, c);
    }
}

static int by_value(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void report(double seconds) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    qsort(latencies, latency_count, sizeof *latencies, by_value);
    double total = 0;
    for (size_t i = 0; i < latency_count; i++) total += latencies[i];
#define AT(p) (latency_count ? latencies[(size_t)((double)(latency_count - 1) * (p))] : 0)
    printf("{\"requests\": %llu, \"failures\": %llu, \"seconds\": %.6f, \"load_cpu\": %.4f, \"mean\": %.4f, "
           "\"p50\": %.4f, \"p95\": %.4f, \"p99\": %.4f, \"max\": %.4f, \"bytes_in\": %llu, \"bytes_out\": %llu}\n",
           (unsigned long long)completed, (unsigned long long)failures, seconds, cpu,
           latency_count ? total / (double)latency_count : 0, AT(0.5), AT(0.95), AT(0.99), AT(1.0),
           (unsigned long long)bytes_in, (unsigned long long)bytes_out);
}

int main(int argc, char **argv) {
    if (argc < 6) {
        fprintf(stderr, "usage: load PORT CONNECTIONS PLAN (--requests N | --seconds S) [--expect N] …\n");
        return 64;
    }
    uint32_t count = (uint32_t)atoi(argv[2]);
    struct connection *connections = calloc(count, sizeof *connections);
    double seconds = 0;
    for (int i = 4; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--requests") == 0) limit_requests = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seconds") == 0) seconds = atof(argv[i + 1]);
        if (strcmp(argv[i], "--expect") == 0) expected = atoi(argv[i + 1]);
        if (strcmp(argv[i], "--list") == 0) read_list(argv[i + 1]);
        if (strcmp(argv[i], "--capture") == 0 && i + 2 < argc) {
            capture_key = argv[i + 1];
            capture_file = fopen(argv[++i + 1], "w");
        }
    }
    read_plan(argv[3], connections, count);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int epoll = epoll_create1(0);
    for (uint32_t i = 0; i < count; i++) {
        connections[i].share = limit_requests / count + (i < limit_requests % count);
        reopen(epoll, &connections[i], 1);
    }
    double started = now();
    if (seconds > 0) deadline = started + seconds;
    for (uint32_t i = 0; i < count; i++) begin(epoll, &connections[i]);

    static char buffer[BUFFER];
    struct epoll_event events[64];
    while (completed < begun) {
        int ready = epoll_wait(epoll, events, 64, 60000);
        if (ready == 0) die("no answer for 60 s");
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) {
                flush_out(epoll, c);
                if (c->out_left == 0) watch(epoll, c, 0, EPOLL_CTL_MOD);
            }
            if (!(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
            ssize_t got = recv(c->socket, buffer, BUFFER, 0);
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
            if (got <= 0) {
                errno = got == 0 ? ECONNRESET : errno;
                if (c->in_flight) die("the server closed a connection");
                reopen(epoll, c, 0);
                continue;
            }
            bytes_in += (uint64_t)got;
            receive(epoll, c, buffer, (size_t)got);
        }
    }
    report(now() - started);
    if (capture_file != NULL) fclose(capture_file);
    return failures > 0 ? 2 : 0;
}
