#pragma once

/// A table with a bound on entries and on bytes, which drops what was used least recently.
///
/// Keys are hashes under a secret key already (`crypto::sip_key`), so two things with one key are
/// an accident that nobody can bring about; who cannot bear it compares the things themselves.
///
/// Thread safety: none; whoever owns a table has the lock. Pointers to values live until the table
/// is changed.

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <utility>

namespace fmcp::auth {

template <class Value>
class lru_table {
public:
   lru_table(std::size_t max_entries, std::size_t max_bytes)
       : max_entries_(max_entries), max_bytes_(max_bytes) {}

   /// Null: not there. A value that is found counts as used.
   [[nodiscard]] Value* find(std::uint64_t key) {
      const auto i = index_.find(key);
      if (i == index_.end()) return nullptr;
      order_.splice(order_.begin(), order_, i->second);
      return &i->second->value;
   }
   /// Takes the place of what has the same key. What is larger than the whole table is not kept:
   /// null.
   Value* insert(std::uint64_t key, Value value, std::size_t bytes) {
      erase(key);
      if (bytes > max_bytes_ || max_entries_ == 0) return nullptr;
      while (!order_.empty() && (order_.size() >= max_entries_ || bytes_ + bytes > max_bytes_))
         erase(order_.back().key);
      order_.push_front({key, bytes, std::move(value)});
      index_.emplace(key, order_.begin());
      bytes_ += bytes;
      return &order_.front().value;
   }
   void erase(std::uint64_t key) {
      const auto i = index_.find(key);
      if (i == index_.end()) return;
      bytes_ -= i->second->bytes;
      order_.erase(i->second);
      index_.erase(i);
   }
   template <class Predicate>
   void erase_if(Predicate is_unwanted) {
      for (auto i = order_.begin(); i != order_.end();) {
         const auto next = std::next(i);
         if (is_unwanted(std::as_const(i->value))) erase(std::uint64_t{i->key});
         i = next;
      }
   }
   [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }
   [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
   struct entry {
      std::uint64_t key;
      std::size_t bytes;
      Value value;
   };
   struct as_it_is {
      std::size_t operator()(std::uint64_t key) const noexcept { return key; }
   };
   const std::size_t max_entries_, max_bytes_;
   std::list<entry> order_; // the most recently used one first
   std::unordered_map<std::uint64_t, typename std::list<entry>::iterator, as_it_is> index_;
   std::size_t bytes_ = 0;
};

} // namespace fmcp::auth
