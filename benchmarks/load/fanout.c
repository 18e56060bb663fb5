/* Some members of a channel send, all receive, and each message is accounted for at each member. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients.h"
#include "histogram.h"
#include "modes.h"
#include "probe.h"

#define MARK "PRIVMSG " CHANNEL " :"
#define MARK_BYTES (sizeof MARK - 1)
#define NUMBERS 14 /* bytes of "0003 00000042 " before the padding */
#define DRAIN_NS 15000000000u
#define LONGEST_SEND (1 << 20)

typedef struct {
    uint32_t sent;      /* messages so far */
    uint32_t done;      /* of them, those that all members have */
    uint32_t capacity;
    uint64_t *sent_at;  /* of each message, the time when it was handed to the socket */
    uint32_t *missing;  /* of each message, the number of members that lack it */
    unsigned expected;  /* members that receive the messages of this one */
} Sender;

static Sender *senders;
static int sender_count, member_count, text_bytes;
static bool is_timed; /* whether latency is measured: not of a saturated channel */
static uint32_t *next; /* for each member and sender, the number of the message that is due */
static uint64_t deliveries, expected, wrong;
static char wrong_first[160], padding[512];
static Histogram latency;

static void note_wrong(const Client *client, unsigned sender, unsigned got, unsigned due)
{
    if (!wrong++)
        snprintf(wrong_first, sizeof wrong_first, "client %d: message %u of sender %u came where %u was due", client->number, got,
                 sender, due);
}

static unsigned digits(const char *text, int count)
{
    unsigned value = 0;
    for (int index = 0; index < count; index++)
        value = value * 10 + (unsigned)(text[index] - '0');
    return value;
}

static bool take(Client *client, const char *line, size_t length)
{
    const char *text = line + length - text_bytes;
    if (length < (size_t)text_bytes + MARK_BYTES || memcmp(text - MARK_BYTES, MARK, MARK_BYTES))
        return probe_take(client, line, length);
    unsigned number = digits(text, 4), sequence = digits(text + 5, 8);
    if (number >= (unsigned)sender_count || client->number >= member_count || (client->number == (int)number && !has_echo)
        || memcmp(text + NUMBERS, padding, (size_t)text_bytes - NUMBERS)) {
        note_wrong(client, number, sequence, 0);
        return true;
    }
    Sender *sender = &senders[number];
    uint32_t *due = &next[(size_t)client->number * (size_t)sender_count + number];
    if (sequence != *due || sequence >= sender->sent) {
        note_wrong(client, number, sequence, *due);
        return true;
    }
    ++*due;
    deliveries++;
    if (is_timed)
        histogram_add(&latency, now - sender->sent_at[sequence]);
    if (!--sender->missing[sequence])
        sender->done++;
    return true;
}

static void say(int number, int count)
{
    static char lines[LONGEST_SEND];
    Sender *sender = &senders[number];
    size_t used = 0, line_bytes = MARK_BYTES + (size_t)text_bytes + 2;
    uint64_t time = clock_ns();
    for (; count && used + line_bytes + 1 < sizeof lines; count--) {
        if (sender->sent == sender->capacity) {
            sender->capacity = 2 * sender->capacity + 1024;
            sender->sent_at = grow(sender->sent_at, sender->capacity * sizeof *sender->sent_at);
            sender->missing = grow(sender->missing, sender->capacity * sizeof *sender->missing);
        }
        sender->sent_at[sender->sent] = time;
        sender->missing[sender->sent] = sender->expected;
        expected += sender->expected;
        used += (size_t)sprintf(lines + used, MARK "%04d %08u %.*s\r\n", number, sender->sent++, text_bytes - NUMBERS, padding);
    }
    client_send(&clients[number], lines, used);
}

static void saturate(uint64_t begin, double seconds, int window)
{
    uint64_t stop = begin + (uint64_t)(seconds * 1e9);
    for (now = begin; now < stop;) {
        for (int number = 0; number < sender_count; number++) {
            int room = window - (int)(senders[number].sent - senders[number].done);
            if (room > 0)
                say(number, room);
        }
        probe_tick();
        clients_receive(10000000, take);
    }
}

/* Returns the milliseconds by which the latest message went out too late. */
static double pace(uint64_t begin, double seconds, double rate)
{
    uint64_t late = 0;
    long total = (long)(seconds * rate + 0.5);
    for (long number = 0; number < total;) {
        uint64_t due = begin + (uint64_t)((double)number / rate * 1e9), time = clock_ns();
        if (time >= due) {
            late = time - due > late ? time - due : late;
            say((int)(number++ % sender_count), 1);
            continue;
        }
        now = time;
        probe_tick();
        clients_receive((int64_t)(due - time), take);
    }
    return (double)late / 1e6;
}

/* Receive until all or nothing more arrives; returns the time of the last delivery. */
static uint64_t drain(void)
{
    uint64_t last = clock_ns(), before = deliveries;
    while (deliveries < expected && clock_ns() < last + DRAIN_NS) {
        clients_receive(10000000, take);
        if (deliveries != before)
            last = now;
        before = deliveries;
    }
    return last;
}

static void prepare(int members, int count, int size)
{
    member_count = members;
    sender_count = count;
    text_bytes = size;
    memset(padding, 'x', sizeof padding);
    memset(&latency, 0, sizeof latency);
    deliveries = expected = wrong = strays = 0;
    wrong_first[0] = stray[0] = 0;
    next = calloc((size_t)members * (size_t)count, sizeof *next);
    senders = calloc((size_t)count, sizeof *senders);
    if (!next || !senders)
        fail("no memory");
    for (int number = 0; number < count; number++)
        senders[number].expected = (unsigned)(members - !has_echo);
}

void mode_fanout(int members, int count, int window, double rate, double seconds, int size, int probes)
{
    prepare(members, count, size);
    is_timed = rate > 0 || (count == 1 && window == 1);
    if (probes)
        probe_start(&clients[client_count - 2], &clients[client_count - 1]);
    is_quiet = true;
    uint64_t begin = clock_ns();
    double late = 0;
    if (rate > 0)
        late = pace(begin, seconds, rate);
    else
        saturate(begin, seconds, window);
    uint64_t end = drain();
    printf("{\"seconds\": %.6f, \"deliveries\": %llu, \"late_ms\": %.3f, ", (double)(end - begin) / 1e9,
           (unsigned long long)deliveries, late);
    histogram_print("latency_ms", &latency);
    probe_end(take);
    printf("}\n");
    is_quiet = false;
}

void mode_check(void)
{
    clients_barrier(0, client_count, take); /* a repeated message arrives before it */
    printf("{\"lacking\": %llu, \"wrong\": %llu, \"strays\": %lu, ", (unsigned long long)(expected - deliveries),
           (unsigned long long)wrong, strays);
    print_text("sample", wrong ? wrong_first : stray);
    printf("}\n");
    for (int number = 0; number < sender_count; number++) {
        free(senders[number].sent_at);
        free(senders[number].missing);
    }
    free(senders);
    free(next);
    senders = NULL;
    next = NULL;
    sender_count = 0;
}
