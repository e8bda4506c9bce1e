// The types under every connection, in one place.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>

namespace bellwether::http {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

// All that happens on one connection happens on its strand, so that its state needs no lock.
using Strand = asio::strand<asio::io_context::executor_type>;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Strand>;

}  // namespace bellwether::http
