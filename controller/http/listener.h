// Accepts connections until it is closed. Running out of file descriptors only slows it down.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <memory>

#include "base/result.h"
#include "http/listen_address.h"
#include "http/server_state.h"
#include "http/socket.h"

namespace bellwether::http {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(asio::io_context& io, ServerState& state);

  // Binds and listens; the address is then the real one, with the port that was chosen.
  Result<ListenAddress> Open(const ListenAddress& address);
  void Start();
  // Any thread. Waiting connections are left to the kernel, which resets them.
  void Close();

 private:
  using Clock = std::chrono::steady_clock;
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Strand>;

  void Accept();
  void OnAccept(ErrorCode ec, Socket socket);
  void AcceptLater(ErrorCode why);
  void Welcome(Socket socket);

  asio::io_context& io_;
  ServerState& state_;
  const Strand strand_;
  Acceptor acceptor_;
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Strand> pause_;
  bool trouble_logged_ = false;
};

}  // namespace bellwether::http
