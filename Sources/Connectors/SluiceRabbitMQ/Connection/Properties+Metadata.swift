import CLibRabbitMQ

extension amqp_basic_properties_t {
    /// The properties that are there, by AMQP's names; the headers as `headers.NAME`.
    var metadata: [String: String] {
        var metadata: [String: String] = [:]
        func add(_ flag: Int32, _ name: String, _ value: @autoclosure () -> String) {
            if _flags & amqp_flags_t(flag) != 0 { metadata[name] = value() }
        }
        add(AMQP_BASIC_CONTENT_TYPE_FLAG, "content_type", String(content_type))
        add(AMQP_BASIC_CONTENT_ENCODING_FLAG, "content_encoding", String(content_encoding))
        add(AMQP_BASIC_DELIVERY_MODE_FLAG, "delivery_mode", String(delivery_mode))
        add(AMQP_BASIC_PRIORITY_FLAG, "priority", String(priority))
        add(AMQP_BASIC_CORRELATION_ID_FLAG, "correlation_id", String(correlation_id))
        add(AMQP_BASIC_REPLY_TO_FLAG, "reply_to", String(reply_to))
        add(AMQP_BASIC_EXPIRATION_FLAG, "expiration", String(expiration))
        add(AMQP_BASIC_MESSAGE_ID_FLAG, "message_id", String(message_id))
        add(AMQP_BASIC_TIMESTAMP_FLAG, "timestamp", String(timestamp))
        add(AMQP_BASIC_TYPE_FLAG, "type", String(type))
        add(AMQP_BASIC_USER_ID_FLAG, "user_id", String(user_id))
        add(AMQP_BASIC_APP_ID_FLAG, "app_id", String(app_id))
        if _flags & amqp_flags_t(AMQP_BASIC_HEADERS_FLAG) != 0 {
            for entry in UnsafeBufferPointer(start: headers.entries, count: Int(headers.num_entries)) {
                metadata["headers.\(String(entry.key))"] = entry.value.text
            }
        }
        return metadata
    }
}

extension amqp_field_value_t {
    /// The value as text: a table as `{name=value, …}`, an array as `[value, …]`, nothing as the empty text.
    ///
    /// What is nested is bounded by the frame in which it came.
    fileprivate var text: String {
        switch amqp_field_value_kind_t(rawValue: UInt32(kind)) {
        case AMQP_FIELD_KIND_BOOLEAN: value.boolean != 0 ? "true" : "false"
        case AMQP_FIELD_KIND_I8: String(value.i8)
        case AMQP_FIELD_KIND_U8: String(value.u8)
        case AMQP_FIELD_KIND_I16: String(value.i16)
        case AMQP_FIELD_KIND_U16: String(value.u16)
        case AMQP_FIELD_KIND_I32: String(value.i32)
        case AMQP_FIELD_KIND_U32: String(value.u32)
        case AMQP_FIELD_KIND_I64: String(value.i64)
        case AMQP_FIELD_KIND_U64, AMQP_FIELD_KIND_TIMESTAMP: String(value.u64)
        case AMQP_FIELD_KIND_F32: String(value.f32)
        case AMQP_FIELD_KIND_F64: String(value.f64)
        case AMQP_FIELD_KIND_DECIMAL: "\(value.decimal.value)e-\(value.decimal.decimals)"
        case AMQP_FIELD_KIND_UTF8, AMQP_FIELD_KIND_BYTES: String(value.bytes)
        case AMQP_FIELD_KIND_ARRAY:
            "["
                + UnsafeBufferPointer(start: value.array.entries, count: Int(value.array.num_entries))
                .map(\.text).joined(separator: ", ") + "]"
        case AMQP_FIELD_KIND_TABLE:
            "{"
                + UnsafeBufferPointer(start: value.table.entries, count: Int(value.table.num_entries))
                .map { "\(String($0.key))=\($0.value.text)" }.joined(separator: ", ") + "}"
        default: ""
        }
    }
}
