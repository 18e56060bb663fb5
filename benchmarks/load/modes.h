/* The commands. Each prints one object of JSON on a line of its own. */
#ifndef MODES_H
#define MODES_H

#define CHANNEL "#bench"
#define AT_ONCE 100 /* clients that register or join at once: the queue of a listener is finite */

#include <stdbool.h>

extern bool has_echo; /* whether a sender gets its own messages */

void mode_connect(int count, const char *caps);
void mode_join(const char *channel, int first, int count);
/* rate 0: as fast as the window allows; probes: whether the last two clients measure latency. */
void mode_fanout(int members, int senders, int window, double rate, double seconds, int size, int probes);
/* After mode_fanout, outside of its cost: has each member received each message once, in order? */
void mode_check(void);
/* Wait until all clients have received everything that was sent to them. */
void mode_rest(void);
void mode_pairs(int pairs, double seconds, int size);
void mode_churn(int at_once, double seconds);
void mode_visits(int first, int count, double seconds);
void mode_end(double seconds);

#endif
