import CLibRabbitMQ

/// Memory for what a call to the library is given.
final class CallMemory {
    private var pool = amqp_pool_t()

    private init() {
        init_amqp_pool(&pool, 4096)
    }

    deinit {
        empty_amqp_pool(&pool)
    }

    /// Keeps the memory until the closure returns: the library has copied or sent everything by then.
    static func with<Result, Failure: Error>(
        _ body: (CallMemory) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let memory = CallMemory()
        defer { withExtendedLifetime(memory) {} }
        return try body(memory)
    }

    func bytes(_ text: some Sequence<UInt8>) -> amqp_bytes_t {
        let text = Array(text)
        var bytes = amqp_bytes_t()
        // The library asks for a pointer also to nothing.
        amqp_pool_alloc_bytes(&pool, max(1, text.count), &bytes)
        bytes.bytes.copyMemory(from: text, byteCount: text.count)
        bytes.len = text.count
        return bytes
    }

    func bytes(_ text: String) -> amqp_bytes_t { bytes(text.utf8) }

    func table(_ values: [String: TableValue]) -> amqp_table_t {
        guard !values.isEmpty else { return amqp_table_t(num_entries: 0, entries: nil) }
        let size = values.count * MemoryLayout<amqp_table_entry_t>.stride
        // The pool aligns what it gives to 8 bytes.
        let entries = amqp_pool_alloc(&pool, size).bindMemory(to: amqp_table_entry_t.self, capacity: values.count)
        for (index, (name, value)) in values.sorted(by: { $0.key < $1.key }).enumerated() {
            (entries + index).initialize(to: amqp_table_entry_t(key: bytes(name), value: field(value)))
        }
        return amqp_table_t(num_entries: Int32(values.count), entries: entries)
    }

    private func field(_ value: TableValue) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        switch value {
        case .text(let text):
            field.kind = UInt8(AMQP_FIELD_KIND_UTF8.rawValue)
            field.value.bytes = bytes(text)
        case .number(let number):
            field.kind = UInt8(AMQP_FIELD_KIND_I64.rawValue)
            field.value.i64 = number
        case .flag(let flag):
            field.kind = UInt8(AMQP_FIELD_KIND_BOOLEAN.rawValue)
            field.value.boolean = flag ? 1 : 0
        case .table(let values):
            field.kind = UInt8(AMQP_FIELD_KIND_TABLE.rawValue)
            field.value.table = table(values)
        }
        return field
    }
}
