/* Clients that connect, register, join and leave; and the end of all connections. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "clients.h"
#include "histogram.h"
#include "modes.h"
#include "probe.h"

#define ANSWER_SECONDS 60

bool has_echo;

static Histogram latency;
static unsigned long cycles;
static bool is_over;

void mode_connect(int count, const char *caps)
{
    uint64_t begin = clock_ns();
    int first = client_count;
    char wanted[300] = "";
    if (strcmp(caps, "-")) {
        snprintf(wanted, sizeof wanted, "CAP REQ :%.250s\r\n", caps);
        for (char *at = strchr(wanted, ':'); *at; at++)
            *at = *at == ',' ? ' ' : *at;
    }
    has_echo = strstr(wanted, "echo-message") != NULL;
    for (; client_count < count; client_count++) {
        Client *client = &clients[client_count];
        client_connect(client);
        client_ask(client, "376|422", "%sNICK b%d\r\nUSER bench 0 * :bench\r\nCAP END\r\n", wanted, client->number);
        if (waiting == AT_ONCE)
            clients_settle(NULL, ANSWER_SECONDS);
    }
    clients_settle(NULL, ANSWER_SECONDS);
    double seconds = (double)(clock_ns() - begin) / 1e9;
    clients_barrier(first, count - first, NULL);
    printf("{\"clients\": %d, \"seconds\": %.6f}\n", client_count, seconds);
}

void mode_join(const char *channel, int first, int count)
{
    uint64_t begin = clock_ns();
    for (int number = first; number < first + count; number++) {
        client_ask(&clients[number], "366", "JOIN %s\r\n", channel);
        if (waiting == AT_ONCE)
            clients_settle(NULL, ANSWER_SECONDS);
    }
    clients_settle(NULL, ANSWER_SECONDS);
    double seconds = (double)(clock_ns() - begin) / 1e9;
    clients_barrier(0, client_count, NULL);
    printf("{\"seconds\": %.6f}\n", seconds);
}

void mode_rest(void)
{
    clients_barrier(0, client_count, NULL);
    printf("{}\n");
}

/* The steps of a cycle: each begins when the answer to the previous one has arrived. */
static bool churn_take(Client *client, const char *line, size_t length)
{
    size_t rest = length;
    const char *command = command_of(line, &rest);
    if (client->number < client_count || rest < 4)
        return false;
    if (client->step == 0 && (!memcmp(command, "376 ", 4) || !memcmp(command, "422 ", 4))) {
        client->step = 1;
        client_ask(client, "", "JOIN #c%d\r\n", client->number);
        return true;
    }
    if (client->step == 1 && !memcmp(command, "366 ", 4)) {
        client->step = 2;
        client_ask(client, "", "QUIT\r\n");
        return true;
    }
    return false;
}

static void churn_begin(Client *client)
{
    client->step = 0;
    client->since = clock_ns();
    client_connect(client);
    client_ask(client, "", "NICK c%d\r\nUSER bench 0 * :bench\r\n", client->number);
}

static void churn_again(Client *client)
{
    if (client->step != 2)
        fail("the server closed a connection that had not said QUIT; %s", stray);
    cycles++;
    histogram_add(&latency, now - client->since);
    if (!is_over)
        churn_begin(client);
}

void mode_churn(int at_once, double seconds)
{
    memset(&latency, 0, sizeof latency);
    cycles = strays = 0;
    is_over = false;
    is_ending = true;
    on_close = churn_again;
    uint64_t begin = clock_ns();
    for (int number = client_count; number < client_count + at_once; number++)
        churn_begin(&clients[number]);
    for (now = begin; now < begin + (uint64_t)(seconds * 1e9);)
        clients_receive(10000000, churn_take);
    double lasted = (double)(now - begin) / 1e9;
    unsigned long in_time = cycles;
    int before = ended;
    for (is_over = true; ended < before + at_once;) {
        clients_receive(10000000, churn_take);
        if (now > begin + (uint64_t)((seconds + ANSWER_SECONDS) * 1e9))
            fail("%d clients did not come to the end of their cycle; %s", before + at_once - ended, stray);
    }
    is_ending = false;
    on_close = NULL;
    printf("{\"seconds\": %.6f, \"cycles\": %lu, ", lasted, in_time);
    histogram_print("latency_ms", &latency);
    printf(", \"strays\": %lu, ", strays);
    print_text("sample", stray);
    printf("}\n");
}

/* Some clients join the channel and leave it again and again; two others measure their latency. */
void mode_visits(int first, int count, double seconds)
{
    strays = 0;
    unsigned long visits = 0;
    probe_start(&clients[client_count - 2], &clients[client_count - 1]);
    uint64_t begin = clock_ns();
    for (int number = first; number < first + count; number++)
        clients[number].step = 0;
    for (now = begin; now < begin + (uint64_t)(seconds * 1e9);) {
        for (int number = first; number < first + count; number++) {
            Client *client = &clients[number];
            if (client->await[0])
                continue;
            visits += client->step;
            client->step = !client->step;
            if (client->step)
                client_ask(client, "366", "JOIN " CHANNEL "\r\n");
            else
                client_ask(client, "PONG", "PART " CHANNEL "\r\nPING left\r\n");
        }
        probe_tick();
        clients_receive(10000000, probe_take);
    }
    double lasted = (double)(now - begin) / 1e9;
    clients_settle(probe_take, ANSWER_SECONDS);
    printf("{\"seconds\": %.6f, \"visits\": %lu, \"strays\": %lu", lasted, visits, strays);
    probe_end(probe_take);
    printf(", ");
    print_text("sample", stray);
    printf("}\n");
}

/* Wait until the server has ended every connection. */
void mode_end(double seconds)
{
    int before = ended;
    uint64_t begin = clock_ns();
    is_ending = true;
    printf("{}\n");
    fflush(stdout);
    for (now = begin; ended < before + client_count && now < begin + (uint64_t)(seconds * 1e9);)
        clients_receive(10000000, NULL);
    printf("{\"seconds\": %.6f, \"ended\": %d, \"farewells\": %lu}\n", (double)(now - begin) / 1e9, ended - before, farewells);
}
