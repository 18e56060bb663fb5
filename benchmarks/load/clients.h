/* Many IRC clients in one thread: non-blocking sockets, one epoll, the common part of clients. */
#ifndef CLIENTS_H
#define CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Client {
    int fd; /* -1: not connected */
    int number;
    char *out; /* bytes that the socket has not accepted yet */
    size_t out_len, out_cap;
    char *rest; /* the beginning of an incomplete line */
    size_t rest_len, rest_cap;
    char await[16]; /* the command it waits for, "" for none; with several, separated by '|' */
    void *tls;      /* its connection of OpenSSL, if there is one */
    bool is_open;   /* whether the opening of a WebSocket is over */
    char *early;    /* what is to be sent after that */
    size_t early_len, early_cap;
    int step;       /* of the mode that uses this client */
    uint64_t since; /* the time when that step began */
} Client;

/* Looks at a line, without CR LF, while a mode runs; false leaves it to what every client does. */
typedef bool Handler(Client *client, const char *line, size_t length);

extern Client *clients;
extern int client_count;
extern int waiting;          /* clients that wait for a command */
extern uint64_t now;         /* nanoseconds, as of the last socket read */
extern bool is_quiet;        /* whether lines without a request are strays */
extern bool is_ending;       /* whether connections may end */
extern unsigned long strays; /* unexpected lines */
extern char stray[200];      /* the first of them */
extern int ended;            /* connections that ended while they might */
extern unsigned long farewells; /* of them, those that received ERROR first */
extern void (*on_close)(Client *client);

void clients_open(const char *host, int port, int most, const char *kind);
void client_connect(Client *client);
void client_close(Client *client);
void client_send(Client *client, const char *data, size_t length);
void client_send_encoded(Client *client, const char *data, size_t length);
void client_ask(Client *client, const char *awaited, const char *format, ...) __attribute__((format(printf, 3, 4)));
const char *command_of(const char *line, size_t *length); /* the start of a line's command */

/* Wait for at most this many nanoseconds, then read once from each ready socket. */
void clients_receive(int64_t nanoseconds, Handler *handler);
/* Receive until no client waits any longer; after that time the program ends with an error. */
void clients_settle(Handler *handler, double seconds);
/* Wait until all clients of a range have received everything that was sent to them. */
void clients_barrier(int first, int count, Handler *handler);

uint64_t clock_ns(void);
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void print_text(const char *name, const char *text); /* as a member of an object of JSON */
void *grow(void *memory, size_t size);

#endif
