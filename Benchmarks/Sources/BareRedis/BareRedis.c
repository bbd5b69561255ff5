#include "BareRedis.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

static redisContext *connected(int port) {
    redisContext *context = redisConnect("127.0.0.1", port);
    if (context && context->err) {
        redisFree(context);
        return NULL;
    }
    return context;
}

size_t bare_redis_fill(int port, const char *stream, size_t count, const void *value, size_t size) {
    redisContext *context = connected(port);
    if (!context) return 0;
    size_t added = 0;
    const char *arguments[] = {"XADD", stream, "*", "n", value};
    const size_t lengths[] = {4, strlen(stream), 1, 1, size};
    while (added < count) {
        size_t some = count - added < 1000 ? count - added : 1000;
        for (size_t i = 0; i < some; i++) redisAppendCommandArgv(context, 5, arguments, lengths);
        for (size_t i = 0; i < some; i++) {
            void *reply;
            if (redisGetReply(context, &reply) != REDIS_OK) return added;
            added += ((redisReply *)reply)->type == REDIS_REPLY_STRING;
            freeReplyObject(reply);
        }
    }
    redisFree(context);
    return added;
}

int bare_redis_group(int port, const char *stream, const char *group) {
    redisContext *context = connected(port);
    if (!context) return 0;
    redisReply *reply = redisCommand(context, "XGROUP CREATE %s %s 0 MKSTREAM", stream, group);
    int is_made = reply && reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    redisFree(context);
    return is_made;
}

long long bare_redis_pending(int port, const char *stream, const char *group) {
    redisContext *context = connected(port);
    if (!context) return -1;
    redisReply *reply = redisCommand(context, "XPENDING %s %s", stream, group);
    long long count = reply && reply->type == REDIS_REPLY_ARRAY ? reply->element[0]->integer : -1;
    freeReplyObject(reply);
    redisFree(context);
    return count;
}

size_t bare_redis_read(int port, const char *stream, const char *group, int at_once) {
    redisContext *context = connected(port);
    if (!context) return 0;
    const char **arguments = malloc((at_once + 3) * sizeof *arguments);
    size_t *lengths = malloc((at_once + 3) * sizeof *lengths);
    size_t acknowledged = 0;
    for (;;) {
        redisReply *reply =
            redisCommand(context, "XREADGROUP GROUP %s bare COUNT %d STREAMS %s >", group, at_once, stream);
        if (!reply || reply->type != REDIS_REPLY_ARRAY) {
            if (reply) freeReplyObject(reply);
            break;
        }
        redisReply *entries = reply->element[0]->element[1];
        arguments[0] = "XACK", lengths[0] = 4;
        arguments[1] = stream, lengths[1] = strlen(stream);
        arguments[2] = group, lengths[2] = strlen(group);
        for (size_t i = 0; i < entries->elements; i++) {
            redisReply *id = entries->element[i]->element[0];
            arguments[3 + i] = id->str, lengths[3 + i] = id->len;
        }
        redisReply *answer = redisCommandArgv(context, 3 + (int)entries->elements, arguments, lengths);
        freeReplyObject(reply);
        if (!answer || answer->type != REDIS_REPLY_INTEGER) break;
        acknowledged += answer->integer;
        freeReplyObject(answer);
    }
    free(arguments);
    free(lengths);
    redisFree(context);
    return acknowledged;
}
