import CLibNATS
import Glibc
import SluicePostgres
import SluiceSinks

/// A durable pull consumer of a stream, which is made if it is missing.
///
/// Its calls block.
struct DurableConsumer: Sendable {
    let stream: String
    let name: String
    let options: NATSSource.Options

    /// What is written in front of the names of JetStream's subjects.
    var api: String { options.domain.map { "$JS.\($0).API" } ?? "$JS.API" }

    /// Finds the consumer, or makes it.
    ///
    /// - Parameters:
    ///   - connection: To the cluster.
    ///   - mayCreate: Whether it is made if it is missing.
    /// - Returns: Its ack wait.
    /// - Throws: ``SinkError`` with the code `missing`, `badOption` if it is another one than the options say, or as
    ///   ``NATSFailure``.
    func prepare(on connection: NATSConnection, mayCreate: Bool) throws(SinkError) -> Duration {
        let failure = NATSFailure(connection.name)
        var call = jsOptions()
        jsOptions_Init(&call)
        call.Wait = connection.timeout.wholeMilliseconds
        var context: OpaquePointer?
        let domain = options.domain.map { strdup($0) }
        defer { if let domain { free(domain) } }
        call.Domain = UnsafePointer(domain ?? nil)
        let status = natsConnection_JetStream(&context, connection.handle, &call)
        guard status == NATS_OK else { throw failure.calling(status, jsErrCode(0), "to use JetStream") }
        defer { jsCtx_Destroy(context) }
        if let info = try find(context, failure) {
            defer { jsConsumerInfo_Destroy(info) }
            return try check(info)
        }
        guard mayCreate else {
            throw SinkError(
                .missing,
                "\(connection.name): the consumer \(name) of the stream \(stream) was deleted while it was in use."
            )
        }
        let info = try create(context, failure)
        defer { jsConsumerInfo_Destroy(info) }
        // Another process may have been quicker.
        return try check(info)
    }

    private func find(
        _ context: OpaquePointer?,
        _ failure: NATSFailure
    ) throws(SinkError) -> UnsafeMutablePointer<jsConsumerInfo>? {
        var info: UnsafeMutablePointer<jsConsumerInfo>?
        var code = jsErrCode(0)
        let status = js_GetConsumerInfo(&info, context, stream, name, nil, &code)
        if status == NATS_OK { return info }
        if code == JSStreamNotFoundErr { throw missingStream(failure) }
        if status == NATS_NOT_FOUND || code == JSConsumerNotFoundErr { return nil }
        throw failure.calling(status, code, "to look for the consumer \(name) of the stream \(stream)")
    }

    private func missingStream(_ failure: NATSFailure) -> SinkError {
        SinkError(
            .missing,
            "\(failure.name) has no stream \(stream). Create it, or give the name of one that is there."
        )
    }

    private func create(
        _ context: OpaquePointer?,
        _ failure: NATSFailure
    ) throws(SinkError) -> UnsafeMutablePointer<jsConsumerInfo> {
        var configuration = jsConsumerConfig()
        jsConsumerConfig_Init(&configuration)
        let texts = [name, options.filterSubject].map { $0.map { strdup($0) } ?? nil }
        defer { for text in texts { free(text) } }
        configuration.Durable = UnsafePointer(texts[0])
        configuration.FilterSubject = UnsafePointer(texts[1])
        configuration.AckPolicy = js_AckExplicit
        if let wait = options.ackWait { configuration.AckWait = wait.nanoseconds }
        if let count = options.maxDeliver { configuration.MaxDeliver = Int64(count) }
        if let count = options.maxAckPending { configuration.MaxAckPending = Int64(count) }
        let policy = (options.deliverPolicy ?? .all).parts
        configuration.DeliverPolicy = policy.policy
        configuration.OptStartSeq = policy.sequence
        var info: UnsafeMutablePointer<jsConsumerInfo>?
        var code = jsErrCode(0)
        let status = js_AddConsumer(&info, context, stream, &configuration, nil, &code)
        if code == JSStreamNotFoundErr { throw missingStream(failure) }
        guard status == NATS_OK, let info else {
            throw failure.calling(status, code, "to make the consumer \(name) of the stream \(stream)")
        }
        return info
    }

    /// Compares a consumer with what was asked for.
    private func check(_ info: UnsafeMutablePointer<jsConsumerInfo>) throws(SinkError) -> Duration {
        let configuration = info.pointee.Config.pointee
        func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }
        guard text(configuration.DeliverSubject).isEmpty else {
            throw differs("it pushes, and is not one to pull from")
        }
        guard configuration.AckPolicy == js_AckExplicit else { throw differs("its ack policy is not explicit") }
        let ackWait = Duration.nanoseconds(configuration.AckWait)
        if let wanted = options.ackWait, wanted != ackWait { throw differs("ackWait", ackWait, wanted) }
        if let wanted = options.filterSubject, wanted != text(configuration.FilterSubject) {
            throw differs("filterSubject", text(configuration.FilterSubject), wanted)
        }
        if let wanted = options.maxDeliver, Int64(wanted) != configuration.MaxDeliver {
            throw differs("maxDeliver", configuration.MaxDeliver, wanted)
        }
        if let wanted = options.maxAckPending, Int64(wanted) != configuration.MaxAckPending {
            throw differs("maxAckPending", configuration.MaxAckPending, wanted)
        }
        if let wanted = options.deliverPolicy, wanted.parts.policy != configuration.DeliverPolicy {
            throw differs("deliverPolicy", configuration.DeliverPolicy.rawValue, wanted.parts.policy.rawValue)
        }
        return ackWait
    }

    private func differs(_ option: String, _ there: some Any, _ wanted: some Any) -> SinkError {
        differs("its \(option) is \(there), and the source is to have \(wanted)")
    }

    private func differs(_ difference: String) -> SinkError {
        SinkError(
            .badOption,
            "The consumer \(name) of the stream \(stream) is there, and \(difference). Change the option or the consumer, "
                + "or give another name."
        )
    }
}

extension NATSSource.Options.DeliverPolicy {
    fileprivate var parts: (policy: jsDeliverPolicy, sequence: UInt64) {
        switch self {
        case .all: (js_DeliverAll, 0)
        case .last: (js_DeliverLast, 0)
        case .new: (js_DeliverNew, 0)
        case .lastPerSubject: (js_DeliverLastPerSubject, 0)
        case .byStartSequence(let number): (js_DeliverByStartSequence, number)
        }
    }
}
