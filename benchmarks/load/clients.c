/* See clients.h. */
#define _GNU_SOURCE
#include "clients.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

#define RECEIVE_BYTES (256 * 1024)
#define LONGEST_LINE 16384
#define EVENTS 1024
#define SOURCES 200 /* addresses in 127.0.0.0/8 to connect from, so that ports do not run out */
#define SETTLE_SECONDS 60

Client *clients;
int client_count, waiting, ended;
uint64_t now;
bool is_quiet, is_ending;
unsigned long strays, farewells;
char stray[200];
void (*on_close)(Client *client);

static int epoll;
static struct sockaddr_in server;
static unsigned long connected;
static char buffer[LONGEST_LINE + RECEIVE_BYTES];

uint64_t clock_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void print_text(const char *name, const char *text)
{
    printf("\"%s\": \"", name);
    for (; *text; text++)
        putchar(*text == '"' || *text == '\\' || *text < ' ' || *text > '~' ? '\'' : *text);
    printf("\"");
}

void fail(const char *format, ...)
{
    char text[300];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    printf("{");
    print_text("error", text);
    printf("}\n");
    fflush(stdout);
    exit(1);
}

void *grow(void *memory, size_t size)
{
    memory = realloc(memory, size);
    if (!memory)
        fail("no memory");
    return memory;
}

static void watch(Client *client, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u32 = (uint32_t)client->number};
    if (epoll_ctl(epoll, operation, client->fd, &event))
        fail("epoll_ctl: %s", strerror(errno));
}

void clients_open(const char *host, int port, int most, const char *kind)
{
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
    wire_choose(kind, port);
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, host, &server.sin_addr) != 1)
        fail("not an IPv4 address: %s", host);
    epoll = epoll_create1(0);
    clients = calloc((size_t)most, sizeof *clients);
    if (epoll < 0 || !clients)
        fail("cannot begin: %s", strerror(errno));
    for (int number = 0; number < most; number++) {
        clients[number].fd = -1;
        clients[number].number = number;
    }
}

void client_connect(Client *client)
{
    int yes = 1;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (client->fd < 0)
        fail("socket: %s (raise the limit of open files: ulimit -n)", strerror(errno));
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (ntohl(server.sin_addr.s_addr) >> 24 == 127) {
        struct sockaddr_in source = {.sin_family = AF_INET};
        source.sin_addr.s_addr = htonl(0x7f000002u + (uint32_t)(connected++ % SOURCES));
        setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
        if (bind(client->fd, (struct sockaddr *)&source, sizeof source))
            fail("bind: %s", strerror(errno));
    }
    if (connect(client->fd, (struct sockaddr *)&server, sizeof server) && errno != EINPROGRESS)
        fail("connect: %s", strerror(errno));
    client->out_len = client->rest_len = 0;
    client->await[0] = 0;
    watch(client, EPOLL_CTL_ADD, EPOLLIN);
    wire_begin(client);
    const char *opening = wire_opening();
    if (opening)
        client_send_encoded(client, opening, strlen(opening));
}

void client_close(Client *client)
{
    wire_end(client);
    close(client->fd);
    client->fd = -1;
}

static void watch_for_room(Client *client)
{
    watch(client, EPOLL_CTL_MOD, wire_wants_write(client) ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void flush(Client *client)
{
    ssize_t sent = wire_send(client, client->out, client->out_len);
    if (sent > 0) { /* else the next read reports the error */
        client->out_len -= (size_t)sent;
        memmove(client->out, client->out + sent, client->out_len);
    }
    if (client->out_len)
        watch_for_room(client);
    else
        watch(client, EPOLL_CTL_MOD, EPOLLIN);
}

static void append(char **to, size_t *used, size_t *room, const char *data, size_t length)
{
    if (*used + length > *room)
        *to = grow(*to, *room = 2 * (*used + length));
    memcpy(*to + *used, data, length);
    *used += length;
}

void client_send(Client *client, const char *data, size_t length)
{
    data = wire_encode(data, &length);
    if (client->is_open)
        client_send_encoded(client, data, length);
    else
        append(&client->early, &client->early_len, &client->early_cap, data, length);
}

void client_send_encoded(Client *client, const char *data, size_t length)
{
    bool is_first = !client->out_len;
    if (is_first) {
        ssize_t sent = wire_send(client, data, length);
        if (sent == (ssize_t)length)
            return;
        if (sent > 0) {
            data += sent;
            length -= (size_t)sent;
        }
    }
    append(&client->out, &client->out_len, &client->out_cap, data, length);
    if (is_first)
        watch_for_room(client);
}

void client_ask(Client *client, const char *awaited, const char *format, ...)
{
    char text[512];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    waiting += !client->await[0] && awaited[0];
    snprintf(client->await, sizeof client->await, "%s", awaited);
    client_send(client, text, (size_t)length);
}

const char *command_of(const char *line, size_t *length)
{
    const char *at = line, *end = line + *length;
    for (const char *mark = "@:"; *mark; mark++) { /* tags, then the source */
        if (at == end || *at != *mark)
            continue;
        at = memchr(at, ' ', (size_t)(end - at));
        at = at ? at + 1 : end;
    }
    *length = (size_t)(end - at);
    return at;
}

static bool is_awaited(const Client *client, const char *command, size_t length)
{
    for (const char *name = client->await; *name; name += *name == '|') {
        size_t size = strcspn(name, "|");
        if (length > size && !strncmp(command, name, size) && command[size] == ' ')
            return true;
        name += size;
    }
    return false;
}

static bool begins(const char *command, size_t length, const char *with)
{
    return length >= strlen(with) && !memcmp(command, with, strlen(with));
}

/* Whether a line is unexpected: an error but ERR_NOMOTD, or any line while all should be quiet. */
static bool is_stray(const char *command, size_t length)
{
    if (is_quiet)
        return !begins(command, length, "PONG ");
    return begins(command, length, "ERROR ")
           || ((begins(command, length, "4") || begins(command, length, "5")) && !begins(command, length, "422 "));
}

/* The common part of all clients: it answers PING, and notices the command it waits for. */
static void look(Client *client, const char *line, size_t length)
{
    size_t rest = length;
    const char *command = command_of(line, &rest);
    if (begins(command, rest, "PING ")) {
        char answer[LONGEST_LINE];
        int size = snprintf(answer, sizeof answer, "PONG %.*s\r\n", (int)(rest - 5), command + 5);
        client_send(client, answer, (size_t)size);
    } else if (is_awaited(client, command, rest)) {
        client->await[0] = 0;
        waiting--;
    } else if (begins(command, rest, "ERROR ") && is_ending) {
        farewells++;
    } else if (is_stray(command, rest) && !strays++) {
        snprintf(stray, sizeof stray, "%.*s", (int)length, line);
    }
}

static void hear_end(Client *client, const char *reason)
{
    if (!is_ending)
        fail("the server closed the connection of client %d: %s%s%.*s", client->number, reason, stray[0] ? "; " : "",
             (int)sizeof stray, stray);
    client_close(client);
    ended++;
    if (on_close)
        on_close(client);
}

/* Read once, and pass on complete lines; returns whether there is more that no event reports. */
static bool receive(Client *client, Handler *handler)
{
    size_t kept = client->rest_len;
    memcpy(buffer, client->rest, kept);
    ssize_t size = wire_recv(client, buffer + kept, RECEIVE_BYTES);
    int error = errno;
    if (client->tls && client->out_len)
        flush(client); /* it may have waited for what has been read */
    if (size < 0 && (error == EAGAIN || error == EINTR))
        return false;
    if (size <= 0) {
        hear_end(client, size ? strerror(error) : "end of file");
        return false;
    }
    now = clock_ns();
    int fd = client->fd;
    char *at = buffer, *end = buffer + kept + size, *line;
    size_t length;
    while (wire_line(client, &at, end, &line, &length)) {
        if (!handler || !handler(client, line, length))
            look(client, line, length);
        if (client->fd != fd)
            return false; /* closed meanwhile */
    }
    kept = (size_t)(end - at);
    if (kept > LONGEST_LINE)
        fail("client %d was sent a line without an end", client->number);
    if (kept > client->rest_cap)
        client->rest = grow(client->rest, client->rest_cap = kept + 512);
    memcpy(client->rest, at, kept);
    client->rest_len = kept;
    return wire_has_more(client);
}

void clients_receive(int64_t nanoseconds, Handler *handler)
{
    static struct epoll_event events[EVENTS];
    struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    int count = epoll_pwait2(epoll, events, EVENTS, nanoseconds < 0 ? &(struct timespec){0, 0} : &limit, NULL);
    now = clock_ns();
    for (int index = 0; index < count; index++) {
        Client *client = &clients[events[index].data.u32];
        if (events[index].events & EPOLLOUT && client->fd >= 0)
            flush(client);
        bool is_more = events[index].events & ~(uint32_t)EPOLLOUT;
        while (is_more && client->fd >= 0)
            is_more = receive(client, handler);
    }
}

void clients_settle(Handler *handler, double seconds)
{
    uint64_t deadline = clock_ns() + (uint64_t)(seconds * 1e9);
    while (waiting) {
        clients_receive(100000000, handler);
        if (now > deadline)
            fail("%d clients got no answer%s%s", waiting, stray[0] ? "; " : "", stray);
    }
}

void clients_barrier(int first, int count, Handler *handler)
{
    for (int number = first; number < first + count; number++)
        client_ask(&clients[number], "PONG", "PING barrier\r\n");
    clients_settle(handler, SETTLE_SECONDS);
}
