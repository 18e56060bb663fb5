/* What the program can be told to do. Each prints one object of JSON on a line of its own. */
#ifndef MODES_H
#define MODES_H

#define CHANNEL "#bench"
#define AT_ONCE 100 /* clients that register or join at the same time: a listener's queue is finite */

#include <stdbool.h>

extern bool has_echo; /* whether a sender gets its own messages */

void mode_connect(int count, const char *caps);
void mode_join(const char *channel, int first, int count);
/* rate 0: as fast as a window lets them; probes: whether the last two clients measure what others feel. */
void mode_fanout(int members, int senders, int window, double rate, double seconds, int size, int probes);
/* After mode_fanout, and outside of what its costs are: has everybody got everything once and in order? */
void mode_check(void);
/* Wait until everybody has received everything that was under way. */
void mode_rest(void);
void mode_pairs(int pairs, double seconds, int size);
void mode_churn(int at_once, double seconds);
void mode_visits(int first, int count, double seconds);
void mode_end(double seconds);

#endif
