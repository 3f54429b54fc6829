#pragma once

/// A file of the web interface that is built into the binary.
typedef struct {
    /// Below web/, e.g. `js/main.js`.
    const char *path;
    const unsigned char *bytes;
    unsigned long length;
} CWebUIFile;

int cwebui_file_count(void);

/// `index` is from 0 to less than `cwebui_file_count()`.
const CWebUIFile *cwebui_file(int index);
