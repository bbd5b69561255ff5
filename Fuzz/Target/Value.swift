/// The types whose texts have a form of their own, and one that has none.
private let types: [UInt32] = [
    16, 20, 23, 701, 1700, 25, 17, 2950, 114, 3802, 1082, 1114, 1184, 1186, 600, 16_400,
    1000, 1007, 1022, 1231, 1009, 1001, 2951, 199, 3807, 1182, 1115, 1185, 1187, 1020,
]

/// Makes JSON of a value's text; its first byte chooses the type.
func fuzzValue(_ input: UnsafeRawBufferPointer) {
    guard let choice = input.first else { return }
    let form = ValueForm(typeOID: types[Int(choice) % types.count])
    // In memory of its own, so that a read behind its end is seen.
    let text = Array(input.dropFirst())
    var writer = ByteWriter(capacity: 0)
    text.withUnsafeBytes { writer.appendValue($0, as: form) }
    let json = writer.bytes(in: 0..<writer.count)
    require(!json.contains(UInt8(ascii: "\n")), "a line break in \(String(decoding: json, as: UTF8.self))")
    checkJSON(json[...])
    guard form.scalar == .string, !form.isArray else { return }
    require(JSONReader.string(json) == String(decoding: text, as: UTF8.self), String(decoding: json, as: UTF8.self))
}
