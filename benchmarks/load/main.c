/* A load generator for IRC servers. It reads commands from its standard input, one a line, and
 * answers each with a line of JSON; ../load.py is the same in Python. It ends with its input, or
 * with {"error": …}.
 *
 *     load 127.0.0.1 6667 10000        the server's address, and the largest number of clients
 *     load 127.0.0.1 6667 10000 tls    the same over TLS; or websocket
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients.h"
#include "modes.h"

static int run(const char *line)
{
    char word[64];
    int a = 0, b = 0, c = 0, d = 0, e = 0;
    double rate = 0, seconds = 0;
    if (sscanf(line, "connect %d %63s", &a, word) == 2)
        mode_connect(a, word);
    else if (sscanf(line, "join %63s %d %d", word, &a, &b) == 3)
        mode_join(word, a, b);
    else if (sscanf(line, "fanout %d %d %d %lf %lf %d %d", &a, &b, &c, &rate, &seconds, &d, &e) == 7)
        mode_fanout(a, b, c, rate, seconds, d, e);
    else if (!strcmp(line, "check\n"))
        mode_check();
    else if (!strcmp(line, "rest\n"))
        mode_rest();
    else if (sscanf(line, "pairs %d %lf %d", &a, &seconds, &b) == 3)
        mode_pairs(a, seconds, b);
    else if (sscanf(line, "churn %d %lf", &a, &seconds) == 2)
        mode_churn(a, seconds);
    else if (sscanf(line, "visits %d %d %lf", &a, &b, &seconds) == 3)
        mode_visits(a, b, seconds);
    else if (sscanf(line, "end %lf", &seconds) == 1)
        mode_end(seconds);
    else
        return 0;
    fflush(stdout);
    return 1;
}

int main(int count, char **words)
{
    char line[512];
    if (count != 4 && count != 5)
        fail("usage: load ADDRESS PORT CLIENTS [plain|tls|websocket]");
    clients_open(words[1], atoi(words[2]), atoi(words[3]), count == 5 ? words[4] : "plain");
    while (fgets(line, sizeof line, stdin))
        if (!run(line))
            fail("not something to do: %s", line);
    return 0;
}
