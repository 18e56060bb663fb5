/* See histogram.h. A bucket is a power of two and the seven bits below the highest. */
#include "histogram.h"

#include <stdio.h>

static unsigned bucket(uint64_t value)
{
    if (value < 128)
        return (unsigned)value;
    unsigned power = 63u - (unsigned)__builtin_clzll(value);
    return (power - 6) * 128 + (unsigned)((value >> (power - 7)) & 127);
}

static double middle(unsigned index)
{
    if (index < 128)
        return index;
    return (double)(128 + index % 128) * (double)(1ull << (index / 128 - 1));
}

void histogram_add(Histogram *histogram, uint64_t nanoseconds)
{
    histogram->counts[bucket(nanoseconds)]++;
    histogram->total++;
    if (nanoseconds > histogram->largest)
        histogram->largest = nanoseconds;
}

double histogram_at(const Histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)((double)histogram->total * share), seen = 0;
    for (unsigned index = 0; index < sizeof histogram->counts / sizeof *histogram->counts; index++) {
        seen += histogram->counts[index];
        if (seen > wanted)
            return middle(index) / 1e6;
    }
    return (double)histogram->largest / 1e6;
}

void histogram_print(const char *name, const Histogram *histogram)
{
    printf("\"%s\": {\"count\": %llu", name, (unsigned long long)histogram->total);
    if (histogram->total)
        printf(", \"p50\": %.4f, \"p99\": %.4f, \"p99.9\": %.4f, \"max\": %.4f", histogram_at(histogram, 0.5),
               histogram_at(histogram, 0.99), histogram_at(histogram, 0.999), (double)histogram->largest / 1e6);
    printf("}");
}
