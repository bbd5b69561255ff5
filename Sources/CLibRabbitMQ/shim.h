#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>

/// `amqp_login_with_properties` for a name and a password, without its variable arguments.
static inline amqp_rpc_reply_t sluice_amqp_login(
    amqp_connection_state_t state, char const *vhost, int heartbeat, amqp_table_t const *properties, char const *user,
    char const *password) {
  return amqp_login_with_properties(
      state, vhost, 1, AMQP_DEFAULT_FRAME_SIZE, heartbeat, properties, AMQP_SASL_METHOD_PLAIN, user, password);
}
