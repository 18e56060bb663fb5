/* Durations, each kept to better than one in a hundred, in a fixed amount of memory. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

typedef struct {
    uint64_t counts[64 * 128];
    uint64_t total, largest;
} Histogram;

void histogram_add(Histogram *histogram, uint64_t nanoseconds);
/* The duration in milliseconds that this share of all does not exceed. */
double histogram_at(const Histogram *histogram, double share);
/* Print p50, p99, p99.9 and the largest as an object of JSON, without a line end. */
void histogram_print(const char *name, const Histogram *histogram);

#endif
