/* Two clients apart from the crowd, who notice what others feel while the server is busy. */
#ifndef PROBE_H
#define PROBE_H

#include "clients.h"
#include "histogram.h"

/* Measure with these two, who are in CHANNEL and in no other; NULL: nobody. */
void probe_start(Client *talker, Client *listener);
/* Let a message or a PING go out when it is time. */
void probe_tick(void);
/* Take the lines that are the probe's. */
bool probe_take(Client *client, const char *line, size_t length);
/* Wait for what is under way, and print the latencies, as further members of an object of JSON. */
void probe_end(Handler *handler);

#define PROBE_CHANNEL "#aside"

#endif
