/* See probe.h. One message or PING is in flight at a time, so a stall shows as a late answer. */
#define _GNU_SOURCE
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL 10000000u /* nanoseconds between an answer and the next question */
#define TIMEOUT 30000000000u

static Client *from, *to;
static Histogram message, ping;
static uint64_t message_sent, ping_sent, message_due, ping_due;

void probe_start(Client *talker, Client *listener)
{
    from = talker;
    to = listener;
    memset(&message, 0, sizeof message);
    memset(&ping, 0, sizeof ping);
    message_sent = ping_sent = 0;
    message_due = ping_due = clock_ns();
}

void probe_tick(void)
{
    if (!from)
        return;
    if (!message_sent && now >= message_due) {
        message_sent = clock_ns();
        client_send(from, "PRIVMSG " PROBE_CHANNEL " :probe\r\n", sizeof "PRIVMSG " PROBE_CHANNEL " :probe\r\n" - 1);
    }
    if (!ping_sent && now >= ping_due) {
        ping_sent = clock_ns();
        client_send(to, "PING probe\r\n", sizeof "PING probe\r\n" - 1);
    }
}

bool probe_take(Client *client, const char *line, size_t length)
{
    if (!from || client != to)
        return false;
    const char *command = command_of(line, &length);
    if (message_sent && length > 8 && !memcmp(command, "PRIVMSG ", 8)) {
        histogram_add(&message, now - message_sent);
        message_sent = 0;
        message_due = now + INTERVAL;
        return true;
    }
    if (ping_sent && length > 5 && !memcmp(command, "PONG ", 5)) {
        histogram_add(&ping, now - ping_sent);
        ping_sent = 0;
        ping_due = now + INTERVAL;
        return true;
    }
    return false;
}

void probe_end(Handler *handler)
{
    if (!from)
        return;
    message_due = ping_due = UINT64_MAX;
    for (uint64_t begin = clock_ns(); message_sent || ping_sent;) {
        clients_receive(10000000, handler);
        if (now > begin + TIMEOUT)
            fail("the probe got no answer");
    }
    from = to = NULL;
    printf(", ");
    histogram_print("aside_ms", &message);
    printf(", ");
    histogram_print("ping_ms", &ping);
}
