package nginx

import (
	"slices"
	"strings"
)

// kind is a kind of block.
type kind int

const (
	inMain kind = 1 << iota
	inEvents
	inHTTP
	inServer
	inUpstream
	inLocation
	inIf
	inTypes

	inWeb   = inHTTP | inServer | inLocation
	inPlace = inServer | inLocation
)

// scope is the block whose directives are read.
type scope struct {
	kind     kind
	settings *settings
	server   *server
	location *location
	upstream *upstream
	ops      *[]op
}

// word is what a directive may be: where, with how many arguments (most < 0: any
// number from least on), whether it opens a block, and what it does.
type word struct {
	where       kind
	least, most int
	block       bool
	do          func(r *reader, d *directive, s *scope) error
}

// words are the directives that have an effect.
func words() map[string]word {
	return map[string]word{
		"worker_connections":     {inEvents, 1, 1, false, setConnections},
		"include":                {inMain | inEvents | inWeb | inUpstream | inTypes, 1, 1, false, (*reader).include},
		"user":                   {inMain, 1, 2, false, setUser},
		"daemon":                 {inMain, 1, 1, false, setDaemon},
		"pid":                    {inMain, 1, 1, false, setPID},
		"error_log":              {inMain | inWeb, 1, 2, false, setErrorLog},
		"events":                 {inMain, 0, 0, true, openEvents},
		"http":                   {inMain, 0, 0, true, openHTTP},
		"server":                 {inHTTP, 0, 0, true, openServer},
		"upstream":               {inHTTP, 1, 1, true, openUpstream},
		"location":               {inPlace, 1, 2, true, openLocation},
		"types":                  {inWeb, 0, 0, true, openTypes},
		"if":                     {inPlace, 1, -1, true, openIf},
		"log_format":             {inHTTP, 2, -1, false, setLogFormat},
		"access_log":             {inWeb | inIf, 1, -1, false, setAccessLog},
		"listen":                 {inServer, 1, -1, false, setListen},
		"server_name":            {inServer, 1, -1, false, setServerName},
		"root":                   {inWeb | inIf, 1, 1, false, setRoot},
		"alias":                  {inLocation, 1, 1, false, setAlias},
		"index":                  {inWeb, 1, -1, false, setIndex},
		"autoindex":              {inWeb | inIf, 1, 1, false, setFlag(func(s *settings) **bool { return &s.autoindex })},
		"server_tokens":          {inWeb, 1, 1, false, setFlag(func(s *settings) **bool { return &s.tokens })},
		"proxy_intercept_errors": {inWeb, 1, 1, false, setFlag(func(s *settings) **bool { return &s.intercept })},
		"default_type":           {inWeb, 1, 1, false, setDefaultType},
		"error_page":             {inWeb | inIf, 2, -1, false, setErrorPage},
		"add_header":             {inWeb | inIf, 2, 3, false, setAddHeader},
		"allow":                  {inWeb, 1, 1, false, setAccess},
		"deny":                   {inWeb, 1, 1, false, setAccess},
		"client_max_body_size":   {inWeb, 1, 1, false, setMaxBody},
		"keepalive_timeout":      {inWeb, 1, 2, false, setTime(func(s *settings) **duration { return &s.keepalive })},
		"proxy_connect_timeout":  {inWeb, 1, 1, false, setTime(func(s *settings) **duration { return &s.connect })},
		"proxy_read_timeout":     {inWeb, 1, 1, false, setTime(func(s *settings) **duration { return &s.read })},
		"proxy_pass":             {inLocation | inIf, 1, 1, false, setProxyPass},
		"proxy_set_header":       {inWeb, 2, 2, false, setProxyHeader},
		"proxy_http_version":     {inWeb, 1, 1, false, setProxyVersion},
		"proxy_redirect":         {inWeb, 1, 2, false, setProxyRedirect},
		"proxy_next_upstream":    {inWeb, 1, -1, false, setNextUpstream},
		"resolver":               {inWeb, 1, -1, false, setResolver},
		"try_files":              {inPlace, 2, -1, false, setTryFiles},
		"internal":               {inLocation, 0, 0, false, setInternal},
		"return":                 {inPlace | inIf, 1, 2, false, addReturn},
		"rewrite":                {inPlace | inIf, 2, 3, false, addRewrite},
		"set":                    {inPlace | inIf, 2, 2, false, addSet},
		"break":                  {inPlace | inIf, 0, 0, false, addBreak},
		"least_conn":             {inUpstream, 0, 0, false, setBalance},
		"ip_hash":                {inUpstream, 0, 0, false, setBalance},
	}
}

// upstreamServer is what "server" means in an upstream block.
var upstreamServer = word{inUpstream, 1, -1, false, addPeer}

// unseen are nginx's directives whose effect nobody in the simulation can see:
// how it uses its processors, buffers and the kernel.
var unseen = strings.Fields(`worker_processes worker_rlimit_nofile worker_cpu_affinity worker_priority use multi_accept accept_mutex
	master_process timer_resolution pcre_jit thread_pool debug_points env lock_file load_module
	sendfile sendfile_max_chunk tcp_nopush tcp_nodelay aio directio output_buffers read_ahead open_file_cache open_file_cache_valid open_file_cache_min_uses
	open_file_cache_errors types_hash_max_size types_hash_bucket_size server_names_hash_bucket_size server_names_hash_max_size variables_hash_max_size
	variables_hash_bucket_size map_hash_bucket_size proxy_headers_hash_max_size proxy_headers_hash_bucket_size client_body_buffer_size
	client_header_buffer_size large_client_header_buffers client_body_temp_path proxy_temp_path proxy_buffer_size proxy_buffers proxy_busy_buffers_size
	proxy_buffering proxy_request_buffering proxy_max_temp_file_size proxy_temp_file_write_size request_pool_size connection_pool_size
	log_not_found log_subrequest server_name_in_redirect reset_timedout_connection keepalive_requests keepalive zone charset etag`)

// unmade are nginx's directives that would have an effect and have none here: each
// is a warning.
var unmade = strings.Fields(`gzip gzip_types gzip_vary gzip_proxied gzip_comp_level gzip_min_length gzip_disable gzip_buffers gzip_http_version gzip_static
	ssl_certificate ssl_certificate_key ssl_protocols ssl_ciphers ssl_prefer_server_ciphers ssl_session_cache ssl_session_timeout ssl_session_tickets ssl_dhparam
	ssl_stapling ssl_stapling_verify ssl_trusted_certificate proxy_ssl_verify proxy_ssl_server_name proxy_ssl_name proxy_cache proxy_cache_path proxy_cache_valid
	proxy_cache_key proxy_cache_bypass proxy_no_cache proxy_cache_use_stale proxy_cache_methods limit_req limit_req_zone limit_conn limit_conn_zone limit_rate
	limit_rate_after auth_basic auth_basic_user_file auth_request expires underscores_in_headers ignore_invalid_headers real_ip_header set_real_ip_from
	real_ip_recursive client_body_timeout client_header_timeout send_timeout proxy_send_timeout resolver_timeout proxy_bind proxy_method proxy_set_body proxy_pass_header
	proxy_hide_header proxy_ignore_headers proxy_cookie_path proxy_cookie_domain proxy_pass_request_headers proxy_pass_request_body proxy_ignore_client_abort
	proxy_next_upstream_tries proxy_next_upstream_timeout merge_slashes absolute_redirect port_in_redirect fastcgi_pass fastcgi_param fastcgi_index fastcgi_split_path_info
	uwsgi_pass grpc_pass stub_status sub_filter http2 hash random mirror satisfy lingering_close`)

// unmadeBlocks are those that open a block.
var unmadeBlocks = []string{"map", "geo", "split_clients", "limit_except", "stream", "mail"}

// obey does what a directive says.
func (r *reader) obey(d *directive, block bool, s *scope) error {
	w, ok := r.conf.words[d.name]
	if d.name == "server" && s.kind == inUpstream {
		w = upstreamServer
	}
	if s.kind == inTypes && !ok {
		for _, ending := range d.args {
			r.conf.types[ending] = d.name
		}
		return nil
	}
	switch {
	case slices.Contains(unmadeBlocks, d.name):
		return d.fail("%q directive is not simulated", d.name)
	case !ok && slices.Contains(unseen, d.name):
		w, ok = word{where: ^0, least: 1, most: -1}, true
	case !ok && slices.Contains(unmade, d.name):
		w, ok = word{where: ^0, most: -1, do: warn}, true
	case !ok:
		return d.fail("unknown directive %q", d.name)
	}
	switch {
	case w.where&s.kind == 0:
		return d.fail("%q directive is not allowed here", d.name)
	case w.block && !block:
		return d.fail("directive %q has no opening \"{\"", d.name)
	case !w.block && block:
		return d.fail("directive %q is not terminated by \";\"", d.name)
	case len(d.args) < w.least || w.most >= 0 && len(d.args) > w.most:
		return d.fail("invalid number of arguments in %q directive", d.name)
	case w.do == nil:
		return nil
	}
	return w.do(r, d, s)
}

// warn says that a directive has no effect; switched off it has none anyway.
func warn(r *reader, d *directive, _ *scope) error {
	if len(d.args) != 1 || d.args[0] != "off" {
		r.conf.warnings = append(r.conf.warnings, d.fail("%q directive is not simulated, ignored", d.name).Error())
	}
	return nil
}
