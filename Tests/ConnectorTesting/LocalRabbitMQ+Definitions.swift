extension LocalRabbitMQ {
    /// What the server has from its start, and is given again at each; what is there stays as it is.
    ///
    /// - Parameter queue: The name of a durable queue.
    static func definitions(_ queue: String?) -> String {
        let queues = queue.map {
            #"{"name": "\#($0)", "vhost": "/", "durable": true, "auto_delete": false, "arguments": {}}"#
        }
        return """
            {"users": [
                {"name": "guest", "password": "guest", "tags": ["administrator"]},
                {"name": "reader", "password": "secret-word", "tags": []}],
             "vhosts": [{"name": "/"}],
             "queues": [\(queues ?? "")],
             "permissions": [
                {"user": "guest", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"},
                {"user": "reader", "vhost": "/", "configure": "^$", "write": "^$", "read": "^$"}]}
            """
    }
}
