/* What is between a client's lines and its socket: nothing, TLS, or the frames of WebSocket. */
#ifndef WIRE_H
#define WIRE_H

#include <sys/types.h>

#include "clients.h"

/* Choose for all clients: "plain", "tls" or "websocket", and a port of this machine. */
void wire_choose(const char *kind, int port);
/* Begin and end the connection of a client whose socket has just been opened, or is to be closed. */
void wire_begin(Client *client);
void wire_end(Client *client);

/* Like send and recv on the socket. */
ssize_t wire_send(Client *client, const char *data, size_t length);
ssize_t wire_recv(Client *client, char *data, size_t size);
/* Whether what could not be sent waits for the socket to be writable; else it waits for input. */
bool wire_wants_write(const Client *client);
/* Whether there is input that the socket does not report, as it has been read ahead. */
bool wire_has_more(const Client *client);

/* The bytes to be sent for whole lines; valid until the next call. They go out once is_open. */
const char *wire_encode(const char *lines, size_t *length);
/* What a client sends first of its own accord, or NULL. */
const char *wire_opening(void);
/* Take the next line, without CR LF, of received bytes: 1 if there is one, 0 if it is incomplete.
 * Both pointers then are behind the bytes that were used, and at the line. */
int wire_line(Client *client, char **at, char *end, char **line, size_t *length);

#endif
