// Requests and replies on the worker's socket.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "launcher.h"

int worker_socket = 0;

enum { most_bytes = 64 * 1024 * 1024, reply_bytes = 4096 };

// False at the end of the stream. A descriptor that comes with the bytes is taken, unless nobody wants it.
static bool read_all(void *data, size_t size, int *descriptor)
{
    union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control;
    for (size_t done = 0; done < size;)
    {
        struct iovec part = {(char *)data + done, size - done};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        if (descriptor != NULL)
        {
            message.msg_control = &control;
            message.msg_controllen = sizeof control;
        }
        ssize_t count = recvmsg(worker_socket, &message, MSG_CMSG_CLOEXEC);
        struct cmsghdr *came = count > 0 && descriptor != NULL ? CMSG_FIRSTHDR(&message) : NULL;
        if (came != NULL && came->cmsg_level == SOL_SOCKET && came->cmsg_type == SCM_RIGHTS)
            memcpy(descriptor, CMSG_DATA(came), sizeof *descriptor);
        if (count == 0)
            return false;
        if (count < 0 && errno != EINTR)
            return false; // a socket that fails has nobody at its other end
        if (count > 0)
            done += (size_t)count;
    }
    return true;
}

bool request_read(struct request *request)
{
    uint32_t size;
    if (request->descriptor >= 0)
        close(request->descriptor);
    request->descriptor = -1;
    if (!read_all(&size, sizeof size, &request->descriptor))
        return false;
    if (size == 0 || size > most_bytes)
        fail("a request of %u bytes", size);
    free(request->data);
    request->data = malloc(size);
    if (request->data == NULL)
        fail("memory for a request of %u bytes", size);
    if (!read_all(request->data, size, NULL))
        return false;
    if (request->data[size - 1] != '\0')
        fail("a request that ends in the middle of a string");
    request->next = request->data;
    request->end = request->data + size;
    return true;
}

char *request_next(struct request *request)
{
    if (request->next == request->end)
        return NULL;
    char *text = request->next;
    request->next += strlen(text) + 1;
    return text;
}

unsigned long long request_number(const char *text)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0')
        fail("no number: '%s'", text);
    return number;
}

void reply(int descriptor, ...)
{
    char data[sizeof(uint32_t) + reply_bytes];
    size_t size = sizeof(uint32_t);
    va_list texts;
    va_start(texts, descriptor);
    for (const char *text; (text = va_arg(texts, const char *)) != NULL;)
    {
        size_t length = strnlen(text, sizeof data - 1 - size);
        memcpy(data + size, text, length);
        size += length;
        data[size++] = '\0';
        if (size == sizeof data)
            break;
    }
    va_end(texts);
    uint32_t length = (uint32_t)(size - sizeof(uint32_t));
    memcpy(data, &length, sizeof length);

    union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control;
    memset(&control, 0, sizeof control);
    struct iovec part = {data, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0)
    {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    }

    // Replies are small and the worker reads them: a partial write means that it is gone.
    if (sendmsg(worker_socket, &message, MSG_NOSIGNAL) != (ssize_t)size)
        _exit(1);
}

void fail(const char *format, ...)
{
    int reason = errno;
    char text[1024];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (length >= 0 && (size_t)length < sizeof text && reason != 0)
        snprintf(text + length, sizeof text - (size_t)length, ": %s", strerror(reason));
    reply(-1, "failed", text, NULL);
    _exit(1);
}
