/* A program that knows nothing of brokers and proxies: `reach METHOD HOST PORT PATH` asks a server for a
 * path over HTTP/1.1 and prints the body, or fails and says where. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **words) {
    if (count != 5) {
        fprintf(stderr, "usage\n");
        return 2;
    }
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    int error = getaddrinfo(words[2], words[3], &hints, &found);
    if (error) {
        fprintf(stderr, "look-up: %s\n", gai_strerror(error));
        return 3;
    }
    int stream = socket(found->ai_family, found->ai_socktype, 0);
    if (stream < 0 || connect(stream, found->ai_addr, found->ai_addrlen)) {
        perror("connect");
        return 4;
    }
    char text[65536];
    int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s:%s\r\n\r\n", words[4], words[2], words[3]);
    if (write(stream, text, length) != length) {
        perror("write");
        return 5;
    }
    size_t have = 0;
    ssize_t got;
    while ((got = read(stream, text + have, sizeof text - 1 - have)) > 0) have += got;
    text[have] = 0;
    char *body = strstr(text, "\r\n\r\n");
    if (!body || strncmp(text, "HTTP/1.1 200 ", 13)) {
        fprintf(stderr, "answer: %.200s\n", text);
        return 6;
    }
    fputs(body + 4, stdout);
    return 0;
}
