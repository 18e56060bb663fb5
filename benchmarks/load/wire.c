/* See wire.h. Certificates are not verified: the server is the one that was just started. */
#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
#endif

#define LONGEST_SEND (1 << 21)
#define MASKED 0x80
#define FINAL_TEXT 0x81 /* FIN, and the opcode of a text frame (RFC 6455 §5.2) */

static enum { PLAIN, TLS, WEBSOCKET } kind;

/* The key is that of RFC 6455 §1.3: what it protects from, caches, is not here. */
#define REQUEST                                                                                    \
    "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: http://127.0.0.1:%d\r\nUpgrade: websocket\r\n"     \
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                        \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: text.ircv3.net\r\n\r\n"
static char request[sizeof REQUEST + 32];

#ifdef WITH_TLS
static SSL_CTX *context;
#endif

void wire_choose(const char *name, int port)
{
    if (!strcmp(name, "websocket")) {
        kind = WEBSOCKET;
        snprintf(request, sizeof request, REQUEST, port, port);
    } else if (!strcmp(name, "tls")) {
        kind = TLS;
#ifdef WITH_TLS
        context = SSL_CTX_new(TLS_client_method());
        if (!context)
            fail("TLS cannot begin");
        SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
#else
        fail("the generator was built without the headers of OpenSSL (libssl-dev)");
#endif
    } else if (strcmp(name, "plain")) {
        fail("plain, tls or websocket, not %s", name);
    }
}

void wire_begin(Client *client)
{
    client->is_open = kind != WEBSOCKET;
    client->early_len = 0;
#ifdef WITH_TLS
    if (kind == TLS) {
        client->tls = SSL_new(context);
        if (!client->tls || !SSL_set_fd(client->tls, client->fd))
            fail("TLS cannot begin");
        SSL_set_connect_state(client->tls);
    }
#endif
}

void wire_end(Client *client)
{
#ifdef WITH_TLS
    SSL_free(client->tls);
#endif
    client->tls = NULL;
}

#ifdef WITH_TLS
/* The result of a call of OpenSSL as send and recv have it. */
static ssize_t result_of(Client *client, int result)
{
    if (result > 0)
        return result;
    switch (SSL_get_error(client->tls, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        return errno ? -1 : 0;
    default:
        ERR_clear_error();
        errno = EPROTO;
        return -1;
    }
}
#endif

ssize_t wire_send(Client *client, const char *data, size_t length)
{
#ifdef WITH_TLS
    if (client->tls)
        return result_of(client, SSL_write(client->tls, data, (int)length));
#endif
    return send(client->fd, data, length, MSG_NOSIGNAL);
}

ssize_t wire_recv(Client *client, char *data, size_t size)
{
#ifdef WITH_TLS
    if (client->tls)
        return result_of(client, SSL_read(client->tls, data, (int)size));
#endif
    return recv(client->fd, data, size, 0);
}

bool wire_wants_write(const Client *client)
{
#ifdef WITH_TLS
    if (client->tls)
        return SSL_want_write(client->tls);
#endif
    (void)client;
    return true;
}

bool wire_has_more(const Client *client)
{
#ifdef WITH_TLS
    if (client->tls)
        return SSL_has_pending(client->tls);
#endif
    (void)client;
    return false;
}

const char *wire_opening(void)
{
    return kind == WEBSOCKET ? request : NULL;
}

const char *wire_encode(const char *lines, size_t *length)
{
    static char frames[LONGEST_SEND];
    if (kind != WEBSOCKET)
        return lines;
    const char *line = lines, *end = lines + *length;
    size_t used = 0;
    while (line < end) {
        const char *stop = memchr(line, '\r', (size_t)(end - line));
        size_t size = (size_t)(stop - line);
        if (used + size + 8 > sizeof frames)
            fail("too much at once for frames");
        frames[used++] = (char)FINAL_TEXT;
        if (size < 126) {
            frames[used++] = (char)(MASKED | size);
        } else {
            frames[used++] = (char)(MASKED | 126);
            frames[used++] = (char)(size >> 8);
            frames[used++] = (char)size;
        }
        memset(frames + used, 0, 4); /* a mask of zeros changes nothing, and is a mask */
        memcpy(frames + used + 4, line, size);
        used += 4 + size;
        line = stop + 2;
    }
    *length = used;
    return frames;
}

/* A frame of the server; 0 if it is incomplete. */
static int frame(char **at, char *end, char **line, size_t *length)
{
    unsigned char *bytes = (unsigned char *)*at;
    size_t there = (size_t)(end - *at), head = 2;
    if (there < head)
        return 0;
    *length = bytes[1] & 0x7f;
    if (*length == 126) {
        head = 4;
        if (there < head)
            return 0;
        *length = (size_t)bytes[2] << 8 | bytes[3];
    } else if (*length == 127) {
        fail("a frame that is too large");
    }
    if (there < head + *length)
        return 0;
    *line = *at + head;
    *at += head + *length;
    while (*length && ((*line)[*length - 1] == '\n' || (*line)[*length - 1] == '\r'))
        --*length; /* some servers send them, which the specification does not allow */
    return 1;
}

/* The answer to the request; then what came too early is sent. */
static bool open_websocket(Client *client, char **at, char *end)
{
    char *stop = memmem(*at, (size_t)(end - *at), "\r\n\r\n", 4);
    if (!stop)
        return false;
    if (strncmp(*at, "HTTP/1.1 101 ", 13))
        fail("no WebSocket: %.*s", (int)strcspn(*at, "\r"), *at);
    *at = stop + 4;
    client->is_open = true;
    client_send_encoded(client, client->early, client->early_len);
    return true;
}

int wire_line(Client *client, char **at, char *end, char **line, size_t *length)
{
    if (kind == WEBSOCKET) {
        if (!client->is_open && !open_websocket(client, at, end))
            return 0;
        int opcode;
        do {
            opcode = *at < end ? **at & 0x0f : 0;
            if (!frame(at, end, line, length))
                return 0;
        } while (opcode > 2); /* a control frame: close, ping or pong */
        return 1;
    }
    char *stop = memchr(*at, '\n', (size_t)(end - *at));
    if (!stop)
        return 0;
    *line = *at;
    *length = (size_t)(stop - *at) - (stop > *at && stop[-1] == '\r');
    *at = stop + 1;
    return 1;
}
