/* Many IRC clients in one thread: non-blocking sockets, one epoll, and what every client does by itself. */
#ifndef CLIENTS_H
#define CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Client {
    int fd; /* -1: not connected */
    int number;
    char *out; /* what the socket did not take yet */
    size_t out_len, out_cap;
    char *rest; /* the beginning of a line whose end has not come */
    size_t rest_len, rest_cap;
    char await[16]; /* the command it waits for, "" for none; with several, separated by '|' */
    int step;       /* of what a mode does with it */
    uint64_t since; /* when that began */
} Client;

/* Looks at a line, without CR LF, while a mode runs; false leaves it to what every client does. */
typedef bool Handler(Client *client, const char *line, size_t length);

extern Client *clients;
extern int client_count;
extern int waiting;          /* clients that wait for a command */
extern uint64_t now;         /* nanoseconds, as of the last socket read */
extern bool is_quiet;        /* whether lines that nobody asked for are strays */
extern bool is_ending;       /* whether connections may end */
extern unsigned long strays; /* lines that should not have come */
extern char stray[200];      /* the first of them */
extern int ended;            /* connections that ended while they might */
extern unsigned long farewells; /* of them, those that were told ERROR first */
extern void (*on_close)(Client *client);

void clients_open(const char *host, int port, int most);
void client_connect(Client *client);
void client_close(Client *client);
void client_send(Client *client, const char *data, size_t length);
void client_ask(Client *client, const char *awaited, const char *format, ...) __attribute__((format(printf, 3, 4)));
const char *command_of(const char *line, size_t *length); /* where the command of a line is */

/* Wait for at most so many nanoseconds (rounded up by the kernel's clock) and read once from everybody who has something. */
void clients_receive(int64_t nanoseconds, Handler *handler);
/* Receive until nobody waits any more; the program ends with an error when that takes longer. */
void clients_settle(Handler *handler, double seconds);
/* Wait until everybody of a range has received everything that was under way. */
void clients_barrier(int first, int count, Handler *handler);

uint64_t clock_ns(void);
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void print_text(const char *name, const char *text); /* as a member of an object of JSON */
void *grow(void *memory, size_t size);

#endif
