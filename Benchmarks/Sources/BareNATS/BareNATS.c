#include "BareNATS.h"

#include <nats/nats.h>
#include <stdio.h>

typedef struct {
    natsConnection *connection;
    jsCtx *context;
} Link;

static void disconnect(Link *link) {
    jsCtx_Destroy(link->context);
    natsConnection_Destroy(link->connection);
}

static int connect_to(int port, Link *link) {
    char url[64];
    jsOptions options;
    *link = (Link){0};
    snprintf(url, sizeof url, "nats://127.0.0.1:%d", port);
    jsOptions_Init(&options);
    options.PublishAsync.MaxPending = 1000;
    if (natsConnection_ConnectTo(&link->connection, url) == NATS_OK
        && natsConnection_JetStream(&link->context, link->connection, &options) == NATS_OK)
        return 1;
    disconnect(link);
    return 0;
}

size_t bare_nats_fill(int port, const char *stream, size_t count, const void *body, int size) {
    Link link;
    jsStreamConfig configuration;
    jsStreamInfo *info = NULL;
    size_t added = 0;
    if (!connect_to(port, &link)) return 0;
    jsStreamConfig_Init(&configuration);
    configuration.Name = stream;
    configuration.Subjects = &stream;
    configuration.SubjectsLen = 1;
    configuration.Storage = js_MemoryStorage;
    natsStatus status = js_AddStream(NULL, link.context, &configuration, NULL, NULL);
    for (size_t i = 0; i < count && status == NATS_OK; i++)
        status = js_PublishAsync(link.context, stream, body, size, NULL);
    if (status == NATS_OK) status = js_PublishAsyncComplete(link.context, NULL);
    if (status == NATS_OK && js_GetStreamInfo(&info, link.context, stream, NULL, NULL) == NATS_OK)
        added = info->State.Msgs;
    jsStreamInfo_Destroy(info);
    disconnect(&link);
    return added;
}

int bare_nats_consumer(int port, const char *stream, const char *durable) {
    Link link;
    jsConsumerConfig configuration;
    if (!connect_to(port, &link)) return 0;
    jsConsumerConfig_Init(&configuration);
    configuration.Durable = durable;
    configuration.AckPolicy = js_AckExplicit;
    configuration.MaxAckPending = 10000;
    int is_made = js_AddConsumer(NULL, link.context, stream, &configuration, NULL, NULL) == NATS_OK;
    disconnect(&link);
    return is_made;
}

long long bare_nats_left(int port, const char *stream, const char *durable) {
    Link link;
    jsConsumerInfo *info = NULL;
    long long count = -1;
    if (!connect_to(port, &link)) return -1;
    if (js_GetConsumerInfo(&info, link.context, stream, durable, NULL, NULL) == NATS_OK)
        count = info->NumPending + info->NumAckPending;
    jsConsumerInfo_Destroy(info);
    disconnect(&link);
    return count;
}

size_t bare_nats_read(int port, const char *stream, const char *durable, size_t count, int at_once) {
    Link link;
    jsSubOptions options;
    natsSubscription *subscription = NULL;
    size_t acknowledged = 0;
    if (!connect_to(port, &link)) return 0;
    jsSubOptions_Init(&options);
    options.Stream = stream;
    options.Consumer = durable;
    natsStatus status = js_PullSubscribe(&subscription, link.context, stream, durable, NULL, &options, NULL);
    while (status == NATS_OK && acknowledged < count) {
        natsMsgList list;
        // The last batch is not to wait for more than there is.
        int some = count - acknowledged < (size_t)at_once ? (int)(count - acknowledged) : at_once;
        status = natsSubscription_Fetch(&list, subscription, some, 5000, NULL);
        if (status != NATS_OK) break;
        for (int i = 0; i < list.Count; i++) acknowledged += natsMsg_Ack(list.Msgs[i], NULL) == NATS_OK;
        natsMsgList_Destroy(&list);
    }
    natsConnection_Flush(link.connection);
    natsSubscription_Destroy(subscription);
    disconnect(&link);
    return acknowledged;
}
