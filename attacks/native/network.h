/* What attacks on the network are made with. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

/* A socket that leads to a port at an address, or less than 0. It waits some seconds at most. */
static int reach(const char *address, int port, int kind) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {.tv_sec = 5};
    int line = socket(AF_INET, kind, 0);
    if (line < 0) return -1;
    inet_pton(AF_INET, address, &to.sin_addr);
    setsockopt(line, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return connect(line, (struct sockaddr *)&to, sizeof to) ? -1 : line;
}

/* Asks a server over HTTP for what is not granted. */
static const char *get(const char *address, int port) {
    char text[1024];
    int line = reach(address, port, SOCK_STREAM);
    if (line < 0) return met(line);
    int length = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s:%d\r\n\r\n", address, port);
    if (send(line, text, length, MSG_NOSIGNAL) != length) return NOTHING;
    size_t have = 0;
    ssize_t got;
    while (have < sizeof text - 1 && (got = read(line, text + have, sizeof text - 1 - have)) > 0) have += got;
    text[have] = 0;
    return strncmp(text, "HTTP/1.1 200 ", 13) ? NOTHING : NULL;
}

/* Asks a resolver for the address of a name that is not granted. */
static const char *look_up(const char *resolver) {
    /* A number, one question, the name, its type and its class. */
    static const char question[] = "\0\1\1\0\0\1\0\0\0\0\0\0" "\10treasure\4test\0" "\0\1\0\1";
    unsigned char text[512];
    int line = reach(resolver, 53, SOCK_DGRAM);
    if (line < 0) return met(line);
    if (send(line, question, sizeof question - 1, MSG_NOSIGNAL) < 0) return NOTHING;
    ssize_t got = recv(line, text, sizeof text, 0);
    /* How many answers there are is in the seventh and eighth byte. */
    return got > 12 && (text[6] || text[7]) ? NULL : NOTHING;
}
