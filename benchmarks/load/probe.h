/* Two clients apart from the crowd that measure the latency while the server is busy. */
#ifndef PROBE_H
#define PROBE_H

#include "clients.h"
#include "histogram.h"

/* Measure with these two clients, which are in CHANNEL only; NULL: do not measure. */
void probe_start(Client *talker, Client *listener);
/* Send a message or a PING when it is due. */
void probe_tick(void);
/* Take the lines that are the probe's. */
bool probe_take(Client *client, const char *line, size_t length);
/* Wait for outstanding answers, and print the latencies as further members of an object of JSON. */
void probe_end(Handler *handler);

#define PROBE_CHANNEL "#aside"

#endif
