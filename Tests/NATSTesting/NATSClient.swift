import CLibNATS
import Glibc
import SluicePostgres
import Testing

/// A connection of the tests, to prepare streams and to look into them.
///
/// Unchecked: the pointers are the library's, which locks what they point to.
package final class NATSClient: @unchecked Sendable {
    private let connection: OpaquePointer
    private let context: OpaquePointer
    private let thread: BlockingThread

    /// Connects, and waits for the server and its JetStream.
    ///
    /// - Parameters:
    ///   - url: Of servers.
    ///   - credentials: A credentials file, if the server wants one.
    package static func connect(_ url: String, credentials: String? = nil) async throws -> NATSClient {
        let thread = BlockingThread()
        while true {
            // Each attempt waits for an answer, or is refused at once.
            if let client = try await thread.run({ NATSClient(url, credentials, thread) }) { return client }
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    private init?(_ url: String, _ credentials: String?, _ thread: BlockingThread) {
        var options: OpaquePointer?
        natsOptions_Create(&options)
        defer { natsOptions_Destroy(options) }
        let scheme = "nats://"
        let servers = url.dropFirst(scheme.count).split(separator: ",").map { strdup(scheme + $0) }
        defer { for server in servers { free(server) } }
        var pointers = servers.map { UnsafePointer($0) }
        natsOptions_SetServers(options, &pointers, Int32(pointers.count))
        if let credentials { natsOptions_SetUserCredentialsFromFiles(options, credentials, nil) }
        // The first one, which the tests leave alone.
        natsOptions_SetNoRandomize(options, true)
        natsOptions_SetMaxReconnect(options, -1)
        natsOptions_SetReconnectWait(options, 50)
        natsOptions_SetErrorHandler(options, { _, _, _, _ in }, nil)
        var connection: OpaquePointer?
        guard natsConnection_Connect(&connection, options) == NATS_OK, let connection else { return nil }
        var context: OpaquePointer?
        var information: UnsafeMutablePointer<jsAccountInfo>?
        var defaults = jsOptions()
        jsOptions_Init(&defaults)
        defaults.PublishAsync.MaxPending = 4000
        defaults.PublishAsync.StallWait = 30_000
        guard natsConnection_JetStream(&context, connection, &defaults) == NATS_OK, let context else {
            natsConnection_Destroy(connection)
            return nil
        }
        guard js_GetAccountInfo(&information, context, nil, nil) == NATS_OK else {
            jsCtx_Destroy(context)
            natsConnection_Destroy(connection)
            return nil
        }
        jsAccountInfo_Destroy(information)
        self.connection = connection
        self.context = context
        self.thread = thread
    }

    deinit {
        jsCtx_Destroy(context)
        natsConnection_Destroy(connection)
    }

    /// Makes a stream; waits for a leader of the cluster if it is to have replicas.
    package func createStream(_ name: String, subjects: [String], replicas: Int = 1, isInMemory: Bool = false)
        async throws
    {
        while try await !tryToCreate(name, subjects, replicas, isInMemory) {
            try #require(replicas > 1)
            try Task.checkCancellation()
        }
    }

    private func tryToCreate(
        _ name: String,
        _ subjects: [String],
        _ replicas: Int,
        _ isInMemory: Bool
    ) async throws -> Bool {
        try await thread.run { [self] in
            var configuration = jsStreamConfig()
            jsStreamConfig_Init(&configuration)
            let texts = ([name] + subjects).map { strdup($0) }
            defer { for text in texts { free(text) } }
            var pointers = texts.dropFirst().map { UnsafePointer($0) }
            configuration.Name = UnsafePointer(texts[0])
            configuration.Storage = isInMemory ? js_MemoryStorage : js_FileStorage
            configuration.Replicas = Int64(replicas)
            return pointers.withUnsafeMutableBufferPointer { pointers in
                configuration.Subjects = pointers.baseAddress
                configuration.SubjectsLen = Int32(pointers.count)
                return js_AddStream(nil, context, &configuration, nil, nil) == NATS_OK
            }
        }
    }

    package func deleteStream(_ name: String) async throws {
        try await thread.run { [self] in _ = js_DeleteStream(context, name, nil, nil) }
    }

    package func deleteConsumer(_ name: String, of stream: String) async throws {
        try await thread.run { [self] in
            let status = js_DeleteConsumer(context, stream, name, nil, nil)
            try #require(status == NATS_OK, "\(Self.text(status))")
        }
    }

    /// Publishes messages, and waits until all are stored.
    package func publish(_ messages: [(subject: String, body: String)]) async throws {
        try await thread.run { [self] in
            for (subject, body) in messages {
                let status = js_PublishAsync(context, subject, body, Int32(body.utf8.count), nil)
                try #require(status == NATS_OK, "\(Self.text(status))")
            }
            var limit = jsPubOptions()
            jsPubOptions_Init(&limit)
            limit.MaxWait = 30_000
            let status = js_PublishAsyncComplete(context, &limit)
            try #require(status == NATS_OK, "\(Self.text(status))")
            var left = natsMsgList()
            if js_PublishAsyncGetPendingList(&left, context) == NATS_OK, left.Count > 0 {
                defer { natsMsgList_Destroy(&left) }
                Issue.record("\(left.Count) messages were not stored")
            }
        }
    }

    /// Publishes one message with a header.
    package func publish(_ body: String, to subject: String, header: (name: String, value: String)) async throws {
        try await thread.run { [self] in
            var message: OpaquePointer?
            natsMsg_Create(&message, subject, nil, body, Int32(body.utf8.count))
            defer { natsMsg_Destroy(message) }
            natsMsgHeader_Set(message, header.name, header.value)
            let status = js_PublishMsg(nil, context, message, nil, nil)
            try #require(status == NATS_OK, "\(Self.text(status))")
        }
    }

    /// What a consumer has left.
    package struct Consumer: Sendable {
        package var pending: Int
        package var unacknowledged: Int
        package var waitingRequests: Int

        package var isEmpty: Bool { pending == 0 && unacknowledged == 0 && waitingRequests == 0 }
    }

    /// - Returns: `nil` if there is none, or the server does not answer.
    package func consumer(_ name: String, of stream: String) async throws -> Consumer? {
        try await thread.run { [self] in
            var information: UnsafeMutablePointer<jsConsumerInfo>?
            js_GetConsumerInfo(&information, context, stream, name, nil, nil)
            guard let found = information else { return nil }
            defer { jsConsumerInfo_Destroy(found) }
            return Consumer(
                pending: Int(found.pointee.NumPending),
                unacknowledged: Int(found.pointee.NumAckPending),
                waitingRequests: Int(found.pointee.NumWaiting)
            )
        }
    }

    /// The bodies of a stream's messages, with one header of each, in order.
    package func messages(of stream: String, header: String) async throws -> [(
        subject: String, body: String, header: String?
    )] {
        try await thread.run { [self] in
            var information: UnsafeMutablePointer<jsStreamInfo>?
            let status = js_GetStreamInfo(&information, context, stream, nil, nil)
            let found = try #require(information, "\(Self.text(status))")
            defer { jsStreamInfo_Destroy(found) }
            let state = found.pointee.State
            guard state.Msgs > 0 else { return [] }
            return try (state.FirstSeq...state.LastSeq).map { sequence in
                var message: OpaquePointer?
                let status = js_GetMsg(&message, context, stream, sequence, nil, nil)
                try #require(status == NATS_OK, "\(Self.text(status))")
                defer { natsMsg_Destroy(message) }
                var value: UnsafePointer<CChar>?
                natsMsgHeader_Get(message, header, &value)
                return (
                    String(cString: natsMsg_GetSubject(message)), String(cString: natsMsg_GetData(message)),
                    value.map { String(cString: $0) }
                )
            }
        }
    }

    private static func text(_ status: natsStatus) -> String {
        "\(String(cString: natsStatus_GetText(status))): \(nats_GetLastError(nil).map { String(cString: $0) } ?? "")"
    }
}
