#pragma once
#include <stdlib.h>
#ifdef __GLIBC__
// Swift's module of the C library leaves this header out.
#include <malloc.h>
#endif
