import CLibRDKafka
import SluicePostgres
import SluiceSinks

/// One idempotent producer of librdkafka.
///
/// It belongs to one thread. It is never repaired: after a fatal error, or after messages under way were given up, it is
/// dropped and another one is made. Before it is dropped, every record that it took has been reported.
final class ProducerClient {
    /// What the library has to tell.
    enum Event {
        /// A record was written, or was not: then `code` says why.
        case report(number: UInt, code: ResponseCode)
        case trouble(Trouble)
        /// Nothing will be written any more.
        case fatal(Trouble)
    }

    let handle: OpaquePointer
    /// Whether each record is a message set of its own.
    let isOneByOne: Bool
    private let events: OpaquePointer
    private let template: TopicTemplate
    private var routes: [TableName: Result<Route, TopicFault>] = [:]
    private var lastTable: TableName?
    private var lastRoute: Result<Route, TopicFault>?

    /// Makes a client, which connects by itself, and signals whenever there are events again after there were none.
    init(
        _ settings: KafkaSettings,
        _ role: ClientRole = .producer(oneByOne: false),
        wakeUp: WakeUp
    ) throws(SinkError) {
        handle = try ClientConfiguration(settings, role).makeClient(settings)
        events = rd_kafka_queue_get_main(handle)
        template = settings.topic
        isOneByOne = role == .producer(oneByOne: true)
        var byte: UInt8 = 1
        rd_kafka_queue_io_event_enable(events, wakeUp.signaling, &byte, 1)
        // Events from before that line signalled nothing.
        wakeUp.signal()
    }

    deinit {
        lastRoute = nil
        routes = [:]
        rd_kafka_queue_destroy(events)
        rd_kafka_destroy(handle)
    }

    /// Where the messages of a table go.
    func route(schema: String?, table: String?) -> Result<Route, TopicFault> {
        let name = TableName(schema: schema, table: table)
        if name == lastTable, let lastRoute { return lastRoute }
        let route =
            routes[name]
            ?? template.topic(schema: schema, table: table).map { Route(topic: $0, table: name, client: handle) }
        routes[name] = route
        (lastTable, lastRoute) = (name, route)
        return route
    }

    /// Hands a record over.
    ///
    /// Its bytes are copied before this returns (`RD_KAFKA_MSG_F_COPY`), as are those of the headers, so nothing of the
    /// message has to live longer. The number, which is not the address of anything, comes back with the report.
    ///
    /// - Returns: No error, or why it was not taken; then there will be no report.
    func produce(_ message: OutgoingMessage, _ part: RecordPart, to route: Route, number: UInt) -> ResponseCode {
        let headers = RecordHeaders.make(message, part)
        let code = withRecord(message, part, route, headers, number) { record in
            guard let error = rd_kafka_produceva(handle, record.baseAddress, record.count) else {
                return RD_KAFKA_RESP_ERR_NO_ERROR
            }
            defer { rd_kafka_error_destroy(error) }
            return rd_kafka_error_code(error)
        }
        // The record that is taken owns its headers.
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { rd_kafka_headers_destroy(headers) }
        return code
    }

    private func withRecord(
        _ message: OutgoingMessage,
        _ part: RecordPart,
        _ route: Route,
        _ headers: OpaquePointer?,
        _ number: UInt,
        _ body: (UnsafeBufferPointer<rd_kafka_vu_t>) -> ResponseCode
    ) -> ResponseCode {
        withUnsafeTemporaryAllocation(of: rd_kafka_vu_t.self, capacity: 6) { record in
            var count = 0
            func append(_ type: rd_kafka_vtype_t, _ set: (inout rd_kafka_vu_t) -> Void) {
                var field = rd_kafka_vu_t()
                field.vtype = type
                set(&field)
                record.initializeElement(at: count, to: field)
                count += 1
            }
            append(RD_KAFKA_VTYPE_RKT) { $0.u.rkt = route.topic }
            append(RD_KAFKA_VTYPE_MSGFLAGS) { $0.u.i = Int32(RD_KAFKA_MSG_F_COPY) }
            append(RD_KAFKA_VTYPE_OPAQUE) { $0.u.ptr = UnsafeMutableRawPointer(bitPattern: number) }
            append(RD_KAFKA_VTYPE_HEADERS) { $0.u.headers = headers }
            return message.body.withUnsafeBytes { value in
                if part == .message {
                    append(RD_KAFKA_VTYPE_VALUE) { $0.u.mem = .init(ptr: value.pointer, size: value.count) }
                }
                guard let key = message.key ?? route.tableKey else { return body(.init(rebasing: record[..<count])) }
                return key.withUnsafeBytes { key in
                    append(RD_KAFKA_VTYPE_KEY) { $0.u.mem = .init(ptr: key.pointer, size: key.count) }
                    return body(.init(rebasing: record[..<count]))
                }
            }
        }
    }

    /// Calls a closure with all events that are there now.
    ///
    /// - Returns: Whether there were any.
    func forEachEvent(_ body: (Event) -> Void) -> Bool {
        var hasAny = false
        while let event = rd_kafka_queue_poll(events, 0) {
            defer { rd_kafka_event_destroy(event) }
            hasAny = true
            switch rd_kafka_event_type(event) {
            case RD_KAFKA_EVENT_DR:
                while let record = rd_kafka_event_message_next(event) {
                    body(.report(number: UInt(bitPattern: record.pointee._private), code: record.pointee.err))
                }
            case RD_KAFKA_EVENT_ERROR:
                let text = rd_kafka_event_error_string(event).map { String(cString: $0) } ?? ""
                let trouble = Trouble(rd_kafka_event_error(event), text)
                body(rd_kafka_event_error_is_fatal(event) != 0 ? .fatal(trouble) : .trouble(trouble))
            default: break
            }
        }
        return hasAny
    }

    /// Gives records up: their reports say that they were purged.
    ///
    /// - Parameter underWay: Whether also those that a broker may have; it is then unknown whether they were written.
    func purge(underWay: Bool) {
        rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | (underWay ? RD_KAFKA_PURGE_F_INFLIGHT : 0))
    }
}

extension UnsafeRawBufferPointer {
    /// Where the bytes are; never null, which would stand for no key at all instead of an empty one.
    fileprivate var pointer: UnsafeMutableRawPointer? {
        UnsafeMutableRawPointer(mutating: baseAddress) ?? UnsafeMutableRawPointer(bitPattern: 1)
    }
}
