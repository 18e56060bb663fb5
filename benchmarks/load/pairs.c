/* Pairs of clients that answer each other at once: the cost of one private message. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "clients.h"
#include "histogram.h"
#include "modes.h"

static char text[512];
static int text_bytes, pair_count;
static bool is_over;
static uint64_t round_trips;
static Histogram latency;

/* The first of a pair counts; the second one answers. */
static void say_to_other(Client *client)
{
    char line[600];
    int length = sprintf(line, "PRIVMSG b%d :%.*s\r\n", client->number ^ 1, text_bytes, text);
    client->since = clock_ns();
    client_send(client, line, (size_t)length);
}

static bool take(Client *client, const char *line, size_t length)
{
    char mark[32];
    size_t marked = (size_t)sprintf(mark, "PRIVMSG b%d :", client->number);
    const char *said = line + length - text_bytes;
    if (client->number >= 2 * pair_count || length < (size_t)text_bytes + marked || memcmp(said, text, (size_t)text_bytes)
        || memcmp(said - marked, mark, marked))
        return has_echo; /* an echo, or an unexpected line */
    bool is_first = !(client->number & 1);
    if (is_first) {
        round_trips++;
        histogram_add(&latency, now - client->since);
    }
    if (is_first && is_over)
        client->await[0] = 0, waiting--;
    else
        say_to_other(client);
    return true;
}

void mode_pairs(int pairs, double seconds, int size)
{
    pair_count = pairs;
    text_bytes = size;
    memset(text, 'x', sizeof text);
    memset(&latency, 0, sizeof latency);
    round_trips = strays = 0;
    is_over = false;
    is_quiet = true;
    uint64_t begin = clock_ns();
    for (int pair = 0; pair < pairs; pair++)
        say_to_other(&clients[2 * pair]);
    for (now = begin; now < begin + (uint64_t)(seconds * 1e9);)
        clients_receive(10000000, take);
    double lasted = (double)(now - begin) / 1e9;
    uint64_t in_time = round_trips;
    is_over = true;
    for (int pair = 0; pair < pairs; pair++) {
        snprintf(clients[2 * pair].await, sizeof clients[0].await, "nothing");
        waiting++;
    }
    clients_settle(take, 15); /* a lost message is an error: its pair waits for ever */
    is_quiet = false;
    printf("{\"seconds\": %.6f, \"round_trips\": %llu, ", lasted, (unsigned long long)in_time);
    histogram_print("latency_ms", &latency);
    printf(", \"strays\": %lu, ", strays);
    print_text("sample", stray);
    printf("}\n");
}
