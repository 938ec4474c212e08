/* What rdkafka_performance.c takes from librdkafka's own headers, which Debian does not ship. */
#pragma once

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef int64_t rd_ts_t; /* microseconds */

#define RD_UNUSED __attribute__((unused))
#define RD_MAX(one, other) ((one) > (other) ? (one) : (other))
#define RD_MIN(one, other) ((one) < (other) ? (one) : (other))
#define rd_snprintf snprintf
