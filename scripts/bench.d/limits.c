// What the machine itself can do, as yardsticks for the server beside it.
//   limits FOLDER fsync SECONDS           mean and median of: append 4 KB, fsync      {"mean": ms, "p50": ms}
//   limits FOLDER files COUNT THREADS     4 KB each: temporary name, fsync, rename    {"rate": files a second}
//   limits FOLDER disk MEBIBYTES          one file, written and synced once           {"rate": MB a second}

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *folder;
static atomic_int next_file;
static int file_count;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int create(const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    if (file < 0) {
        perror(path);
        exit(1);
    }
    return file;
}

static void put(int file, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(file, bytes, length);
        if (written < 0) {
            perror("write");
            exit(1);
        }
        bytes += written;
        length -= (size_t)written;
    }
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure_fsync(double seconds) {
    enum { ROOM = 200000 };
    static char page[4096];
    static double took[ROOM];
    int count = 0, file = create("fsync");
    double total = 0, end = now() + seconds;
    while (now() < end && count < ROOM) {
        double started = now();
        put(file, page, sizeof page);
        fsync(file);
        took[count] = now() - started;
        total += took[count++];
    }
    close(file);
    qsort(took, (size_t)count, sizeof *took, by_value);
    printf("{\"mean\": %.5f, \"p50\": %.5f}\n", total / count * 1e3, took[count / 2] * 1e3);
}

static void *write_files(void *unused) {
    char page[4096], name[64], from[4200], to[4200];
    memset(page, 7, sizeof page);
    for (int i = atomic_fetch_add(&next_file, 1); i < file_count; i = atomic_fetch_add(&next_file, 1)) {
        snprintf(name, sizeof name, "part-%d.tmp", i);
        int file = create(name);
        put(file, page, sizeof page);
        fsync(file);
        close(file);
        snprintf(from, sizeof from, "%s/%s", folder, name);
        snprintf(to, sizeof to, "%s/file-%d", folder, i);
        if (rename(from, to) != 0) perror("rename");
    }
    return unused;
}

static void measure_files(int count, int threads) {
    pthread_t thread[64];
    file_count = count;
    if (threads > 64) threads = 64;
    double started = now();
    for (int i = 0; i < threads; i++) pthread_create(&thread[i], NULL, write_files, NULL);
    for (int i = 0; i < threads; i++) pthread_join(thread[i], NULL);
    printf("{\"rate\": %.1f}\n", count / (now() - started));
}

static void measure_disk(int mebibytes) {
    static char block[1 << 20];
    for (size_t i = 0; i < sizeof block; i++) block[i] = (char)(i * 2654435761u >> 13);
    int file = create("disk");
    double started = now();
    for (int i = 0; i < mebibytes; i++) put(file, block, sizeof block);
    fsync(file);
    printf("{\"rate\": %.1f}\n", mebibytes * 1.048576 / (now() - started));
    close(file);
}

int main(int argc, char **argv) {
    if (argc < 4) return 64;
    folder = argv[1];
    if (strcmp(argv[2], "fsync") == 0) measure_fsync(atof(argv[3]));
    if (strcmp(argv[2], "files") == 0) measure_files(atoi(argv[3]), argc > 4 ? atoi(argv[4]) : 8);
    if (strcmp(argv[2], "disk") == 0) measure_disk(atoi(argv[3]));
    return 0;
}
