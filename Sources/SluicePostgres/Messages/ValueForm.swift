/// How a column's text becomes a JSON value, chosen once for each column by its type.
///
/// The form is that of Postgres' own `to_jsonb(row)`, but `numeric` is a string, so that no reader loses digits.
struct ValueForm: Hashable, Sendable {
    /// The form of one value.
    enum Scalar: UInt8, Hashable, Sendable {
        /// The text as a string.
        case string
        /// `t` and `f` as `true` and `false`.
        case boolean
        /// A whole number as it is.
        case integer
        /// A number as it is; NaN and the infinities as strings.
        case number
        /// A string with `T` between date and time.
        case timestamp
        /// A string with `T` between date and time, and an offset that has minutes.
        case timestampWithZone
        /// Embedded as it is.
        case json
    }

    /// The form of the value, or of an array's elements.
    let scalar: Scalar

    /// Whether the text is an array's.
    let isArray: Bool

    init(scalar: Scalar, isArray: Bool = false) {
        self.scalar = scalar
        self.isArray = isArray
    }

    /// The form for the oid of a type.
    init(typeOID: UInt32) {
        if let scalar = Self.scalar(of: typeOID) {
            self.init(scalar: scalar)
        } else if let element = Self.elements[typeOID] {
            self.init(scalar: Self.scalar(of: element) ?? .string, isArray: true)
        } else {
            self.init(scalar: .string)
        }
    }

    private static func scalar(of oid: UInt32) -> Scalar? {
        switch oid {
        case 16: .boolean
        case 20, 21, 23: .integer
        case 700, 701: .number
        case 114, 3802: .json
        case 1114: .timestamp
        case 1184: .timestampWithZone
        default: nil
        }
    }

    /// The element types of the built-in array types whose delimiter is a comma, by the array types' oids.
    private static let elements: [UInt32: UInt32] = [
        // bool, bytea, char, name, int8, int2, int4, text
        1000: 16, 1001: 17, 1002: 18, 1003: 19, 1016: 20, 1005: 21, 1007: 23, 1009: 25,
        // oid, json, xml, xid, jsonb, uuid
        1028: 26, 199: 114, 143: 142, 1011: 28, 3807: 3802, 2951: 2950,
        // float4, float8, money, numeric, bpchar, varchar
        1021: 700, 1022: 701, 791: 790, 1231: 1700, 1014: 1042, 1015: 1043,
        // date, time, timetz, timestamp, timestamptz, interval
        1182: 1082, 1183: 1083, 1270: 1266, 1115: 1114, 1185: 1184, 1187: 1186,
        // cidr, inet, macaddr, macaddr8, bit, varbit
        651: 650, 1041: 869, 1040: 829, 775: 774, 1561: 1560, 1563: 1562,
    ]
}
