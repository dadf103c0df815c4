'use strict';

// What words of the software and business domain are about. A line is an area, the words that speak of it,
// and after `<` the broader areas that it is part of. A word of two parts is written with `_`. Words are
// compared by their stems, so one form of each is enough. A word may stand in several lines and then counts
// for each of them a little less.

const AREAS = `
frontend: frontend front_end browser web page website webpage ui screen button widget component dom html spa react vue angular svelte jsx client_side form navigation menu dropdown modal dialog hydration next.js tab render webapp site homepage landing_page
styling: css style stylesheet layout flexbox grid tailwind sass theme dark_mode color colour font typography spacing align pixel responsive breakpoint animation visual look pretty ugly margin padding overlap squash narrow misalign < frontend
accessibility: accessibility a11y accessible wcag aria screen_reader blind deaf disability disabled impairment contrast keyboard alt_text inclusive assistive caption vision_impaired colour_blind wheelchair handicapped
ios: ios iphone ipad swift swiftui uikit xcode apple cocoa objective-c app_store testflight watchos mac macos < mobile
android: android kotlin jetpack gradle apk play_store samsung pixel_phone dalvik < mobile
mobile: mobile phone smartphone tablet app handset flutter dart react_native expo cross_platform push_notification touch swipe offline_first ios android pocket cell
backend: backend back_end server server_side service endpoint business_logic django flask fastapi express spring rails laravel nestjs request response handler middleware node nodejs
api: api rest restful endpoint openapi swagger contract resource http verb status_code pagination versioning webhook integration sdk interface consumer third_party partner hook json programmatic < backend
graphql: graphql schema resolver query_language apollo federation mutation subscription overfetch field_selection nested_field < api
rpc: grpc rpc protobuf protocol_buffer thrift stub idl remote_call < api
database: database db sql relational postgres postgresql mysql mariadb sqlite oracle mssql table row column record index schema normalization foreign_key join transaction orm query lock deadlock isolation stored_procedure persist storage
query-tuning: query_plan explain_analyze slow_query index optimizer full_scan n+1 tune vacuum partition statistic sql report_slow lookup < database performance
nosql: nosql mongodb mongo document_store cassandra dynamodb couchdb key_value wide_column eventual_consistency shard collection schemaless < database
data-migration: migration migrate schema_change backfill zero_downtime cutover move_data rename_column transfer switch_over import export rollback convert old_system < database
cache: cache redis memcached cdn ttl invalidate stale eviction edge memoize warm hit_rate hot_key outdated fresh < performance
messaging: queue message kafka rabbitmq sqs pubsub event event_driven stream broker consumer producer topic asynchronous async dead_letter exactly_once backlog bus idempotent subscriber publish
search-engine: search elasticsearch opensearch lucene solr relevance ranking full_text facet autocomplete typo suggestion index find result synonym lookup discover
realtime: websocket real_time realtime live socket presence chat collaborative sse push bidirectional crdt simultaneous instantly multiplayer cursor
auth: auth authentication authorization login log_in sign_in signin signup password oauth oidc saml sso jwt token session identity role permission rbac mfa two_factor passkey credential account user_management access_control single_sign locked_out forgot
security: security secure vulnerability exploit attack attacker hacker hack breach threat owasp xss csrf injection harden malicious intruder penetration pentest cve patch weakness hole unsafe protect defend malware ransomware phishing leak steal stolen red_team burglar firewall
secrets: secret vault api_key rotation key_management credential leak env_file token password expose committed_key kms < security
cryptography: cryptography crypto encrypt encryption decrypt cipher tls ssl certificate hash signature key aes rsa public_key scramble eavesdrop pki https digest sign < security
privacy: privacy gdpr ccpa personal_data pii consent anonymize pseudonymize data_subject retention cookie right_to_erasure dpia personal forget tracking delete_account sensitive < compliance
compliance: compliance regulation regulatory audit auditor soc2 iso hipaa pci sox policy control evidence certification governance regulator law rule standard inspection attestation security_certification
testing: test testing unit_test coverage assertion mock stub fixture tdd jest pytest junit vitest mocha regression spec quality qa untested flaky verify suite test_case prove correctness
e2e-testing: end_to_end e2e playwright cypress selenium browser_automation user_journey click_through headless smoke_test scenario webdriver puppeteer < testing frontend
load-testing: load_test stress k6 jmeter gatling locust throughput concurrent_user capacity spike traffic soak peak black_friday crowd rush visitor < testing performance
property-testing: property_based fuzz fuzzing quickcheck random_input invariant shrink mutation generate edge_case corner_case < testing
performance: performance slow fast speed latency profile profiling bottleneck optimize optimization throughput response_time sluggish lag quick accelerate benchmark flamegraph hot_path efficient cpu ages wait crawl seconds snappy faster hang freeze delay
web-performance: lighthouse core_web_vitals lcp cls inp bundle_size lazy_load code_split page_speed first_paint image_optimization load_time tree_shake minify startup download_size homepage slow_page < performance frontend
memory: memory leak heap garbage_collection gc allocation out_of_memory oom ram footprint retain pointer buffer stack dangling grow bloat swell < performance
concurrency: concurrency concurrent thread race race_condition deadlock lock mutex parallel async atomic multithread goroutine actor synchronization scheduler simultaneous nondeterministic coroutine core interleave same_time
debugging: debug debugging bug error exception crash stack_trace root_cause troubleshoot diagnose reproduce fault defect bisect breakpoint broken fail failure wrong weird strange odd mystery investigate issue glitch misbehave fix unexpected hunt intermittent
refactoring: refactor refactoring clean cleanup tidy code_smell duplication simplify restructure technical_debt maintainable readable decouple extract messy tangled spaghetti untangle copy_paste reorganize rename complexity
code-review: review reviewer code_review pull_request pr diff critique feedback merge_request comment approve nitpick style_guide best_practice second_opinion colleague look_over inspect changeset patch convention
legacy: legacy modernize modernization cobol fortran mainframe old outdated ancient upgrade strangler rewrite deprecated monolith vb6 obsolete decades aging jcl retire eighties
architecture: architecture architect system_design pattern domain_driven ddd hexagonal tradeoff boundary scalable decision_record adr structure blueprint component_diagram module coupling event_sourcing cqrs bounded_context high_level big_picture evolve
microservices: microservice service_mesh istio distributed distributed_system saga circuit_breaker monolith service_boundary split eventual sidecar consensus raft decompose carve break_up resilience partition_tolerance < architecture backend
build: build bundler webpack vite rollup compile bazel make cmake gradle maven toolchain monorepo turborepo nx incremental linker artifact workspace compile_time build_cache transpile esbuild rebuild
ci: ci cd ci_cd continuous_integration continuous_delivery pipeline github_actions gitlab_ci jenkins circleci workflow runner automation build_server green merge_queue job step check automatic
deployment: deploy deployment release rollout canary blue_green ship rollback feature_flag go_live staging production launch version changelog semver publish environment prod cutover gradual
containers: docker container dockerfile image compose podman oci layer registry base_image containerize packaging multi_stage < devops
kubernetes: kubernetes k8s helm pod cluster ingress operator kustomize kubectl namespace autoscale argo gitops node replica orchestrate eviction crashloop < devops containers
cloud: cloud aws azure gcp google_cloud amazon s3 ec2 lambda serverless iam vpc region managed bucket hosting function_as_a_service tenant data_center datacenter provider
iac: infrastructure_as_code terraform pulumi cloudformation ansible provisioning provision chef puppet module drift state_file reproducible_environment declarative declare configuration_management playbook < cloud devops
devops: devops sre platform infrastructure operations ops automation environment toil reliability server provision sysadmin host machine developer_platform
networking: network networking dns tcp udp ip routing router firewall load_balancer proxy nginx vpn subnet bgp packet bandwidth latency connectivity switch lan wifi domain wireshark port traffic unreachable connect
monitoring: monitoring monitor observability metric dashboard alert prometheus grafana datadog tracing opentelemetry slo sli telemetry uptime signal health pager log logging trace notify warn threshold instrument visibility graph
incident: incident outage on_call postmortem post_mortem emergency downtime severity runbook triage down page mitigate war_room restore_service blameless broke disaster wake night fire midnight crisis escalate aftermath site_down panic website_down service_down < devops
backup: backup restore disaster_recovery recovery rpo rto snapshot replication failover business_continuity archive lost recover disaster flood redundancy survive
cost: cost finops spend bill invoice expensive saving rightsizing budget cheap waste reserved_instance idle cut_cost money overspend price reduce_spend afford cheaper
git: git commit branch merge rebase conflict version_control history github gitlab cherry_pick bisect submodule blame repository repo stash tag undo squash trunk
dependencies: dependency package library version upgrade npm pip cargo renovate dependabot lockfile outdated supply_chain sbom license transitive bump vendored third_party update module package_manager
docs: documentation docs document readme guide manual reference technical_writing technical_writer docstring explain markdown wiki how_to knowledge_base write-up handbook instruction comment jsdoc written newcomer onboarding
tutorial: tutorial teach lesson course learn beginner onboarding workshop walkthrough exercise example mentor instruct student explain newcomer training curriculum step_by_step study coach < docs education
diagrams: diagram mermaid plantuml uml flowchart sequence_diagram draw chart c4 erd visualize illustrate picture sketch graphviz arrow box
localization: localization l10n internationalization i18n translate translation locale language_pack rtl plural unicode foreign language currency_format date_format country region multilingual spanish french german japanese arabic wording abroad
cli: cli command_line terminal console tui argument flag shell_completion subcommand stdin stdout prompt tool text_mode
shell: shell bash script zsh awk sed cron posix unix linux automation one-liner pipe powershell batch_file system_administration chore repetitive scheduled
regex: regex regular_expression pattern_matching parse extract match text_processing string lookahead capture_group
parsing: parser parse grammar lexer ast tokenizer syntax compiler interpreter language_design dsl llvm codegen type_system bytecode optimization_pass abstract_syntax programming_language translator semantics
python: python pip django flask pandas numpy pytest asyncio pydantic poetry type_hint decorator py
javascript: javascript js node nodejs npm es6 ecmascript promise event_loop deno bun < frontend
typescript: typescript ts type_safe tsconfig generics strict_mode declaration_file any_type typing type_error type_level static_types compile_time_type
rust: rust cargo borrow_checker lifetime ownership crate tokio trait unsafe serde
golang: go golang goroutine channel gofmt
java: java jvm spring maven hibernate jdk jakarta garbage_collector servlet
csharp: c# csharp dotnet .net asp.net blazor entity_framework nuget linq visual_studio microsoft
cpp: c++ cpp cmake template_metaprogramming stl raii modern_c pointer header undefined_behavior smart_pointer
c-lang: c_programming c malloc pointer posix embedded_c segfault valgrind
ruby: ruby rails gem activerecord rspec sidekiq
php: php laravel symfony composer wordpress drupal eloquent plugin cms
functional: functional haskell ocaml scala clojure elixir erlang fsharp monad immutable pure_function lambda algebraic otp pattern_match side_effect lisp category_theory
data-engineering: data_pipeline etl elt airflow dbt spark warehouse snowflake bigquery redshift data_lake lakehouse ingestion batch stream_processing data_quality data_model parquet transform nightly dataset feed hadoop load data_platform
data-analysis: data_analysis analyst analysis analytics insight pandas notebook sql exploratory cohort funnel trend metric kpi spreadsheet report number figure slice business_intelligence bi segment question retention churn
statistics: statistics statistical hypothesis experiment ab_test a_b regression significance bayesian confidence_interval sample variance probability causal inference p-value correlation randomized variant chance coincidence winner sampling
visualization: visualization chart graph plot dashboard d3 tableau power_bi looker matplotlib infographic storytelling visual heatmap bar_chart picture map bar line_chart visual_display
machine-learning: machine_learning ml model training train classifier prediction predict scikit xgboost feature_engineering supervised clustering overfit cross_validation algorithm learn forecast gradient_boosting label guess anticipate
deep-learning: deep_learning neural network pytorch tensorflow gpu cuda transformer backpropagation fine_tune embedding layer epoch tensor gradient distributed_training < machine-learning
nlp: nlp natural_language text_classification sentiment named_entity tokenization language_model summarization corpus linguistics text topic_model word opinion mood document_understanding < machine-learning
vision: computer_vision image object_detection segmentation opencv ocr camera yolo recognition photo face scan picture image_recognition video pixel handwriting < machine-learning
llm: llm prompt prompt_engineering gpt claude openai anthropic ai chatbot system_prompt few_shot hallucination context_window generative_ai chain_of_thought language_model completion agent assistant ai_model bot conversation evaluation chatgpt invent_fact
rag: rag retrieval retrieval_augmented vector_database embedding chunk semantic_search knowledge_base grounding rerank pinecone vector answer_questions citation own_documents < llm search-engine
recommendation: recommendation recommender personalization collaborative_filtering suggest taste ranking similar_item also_like relevance customer_preference
forecasting: forecast forecasting time_series seasonality arima prophet demand predict projection trend anticipate future next_month next_quarter estimate
mlops: mlops model_serving model_registry feature_store mlflow kubeflow sagemaker drift retrain inference serving experiment_tracking model_deployment go_stale accuracy_drop < machine-learning devops
scraping: scraping scrape crawler crawl spider beautifulsoup scrapy harvest extract web_data proxy_rotation html_parsing collect gather website_data competitor_site
blockchain: blockchain smart_contract solidity ethereum web3 defi nft token wallet bitcoin consensus gas decentralized crypto_currency cryptocurrency ledger on_chain dapp coin
game: game unity unreal godot gameplay player level sprite physics multiplayer shader engine npc game_design fun balance enemy jump quest arcade playable difficulty boss
graphics: graphics opengl vulkan webgl shader rendering gpu 3d three.js ray_tracing mesh texture lighting polygon scene animation shadow metal model_3d
audio: audio sound music dsp synthesizer midi podcast voice speech microphone mixing recording codec noise song speak transcription listen hear playback speaker
video: video ffmpeg streaming transcode encoding hls codec editing subtitle clip film movie youtube playback footage media webrtc caption frame_rate
embedded: embedded firmware microcontroller arduino stm32 rtos device sensor esp32 bare_metal interrupt driver hardware gpio uart spi i2c chip register board low_power circuit solder battery
iot: iot internet_of_things mqtt smart_home edge_device sensor telemetry gateway fleet connected_device zigbee thermostat thing appliance over_the_air networked_device < embedded
robotics: robot robotics ros motion_planning slam actuator kinematics autonomous drone arm lidar navigation path_planning gripper motor perception
os: operating_system kernel driver linux_kernel syscall filesystem scheduler process memory_management systemd boot device_driver ebpf system_call
geo: geospatial gis map mapping postgis coordinate location latitude geocoding leaflet route satellite spatial place address nearby distance gps where
payments: payment stripe paypal checkout billing subscription card refund invoice chargeback pci transaction psp recurring money pay purchase charged bank_card dunning renewal
ecommerce: ecommerce e-commerce shop shopify cart checkout product_catalog inventory order magento store merchandising online_store basket buy buyer shopper sell storefront conversion online_shop
trading: trading quant quantitative algorithmic_trading backtest portfolio market stock option derivative risk_model alpha hedge price order_book volatility sharpe invest investment exchange share profit strategy
finance: finance financial accounting accountant bookkeeping ledger balance_sheet cash_flow income_statement revenue expense budget forecast valuation gaap ifrs reconcile month_end close money profit loss fp&a runway books earnings spending bank spreadsheet
tax: tax vat deduction filing irs fiscal taxation sales_tax withholding levy taxable authorities < finance
pricing: pricing price monetization tier package willingness_to_pay discount subscription_plan revenue charge plan cost_customer paywall freemium fee
insurance: insurance claim underwriting policyholder actuary actuarial premium coverage_policy loss_ratio accident insurer
healthcare: healthcare medical clinical patient doctor hospital ehr fhir hl7 diagnosis hipaa nurse health medicine treatment drug pharmacy disease symptom care physician
biotech: bioinformatics genomics genome dna sequencing protein gene biology crispr rna variant_calling laboratory molecule drug_discovery chemistry cell
science: scientific research physics chemistry simulation experiment paper numerical model_simulation academic hypothesis lab mathematics equation peer_review literature scientist
math: mathematics math algebra calculus proof theorem optimization linear_programming solver operations_research numerical equation combinatorial constraint formula optimal allocate assignment_problem vehicle_routing
legal: legal law lawyer attorney contract clause license terms liability agreement nda litigation intellectual_property patent trademark court counsel terms_of_service sue lawsuit dispute binding sign_off counterparty
hr: hr human_resources recruiting recruit hire hiring candidate interview resume onboarding employee talent job_description performance_review compensation people staff benefits headcount applicant vacancy job personnel worker payroll cv position salary
marketing: marketing campaign brand audience positioning growth funnel acquisition lead_generation persona go_to_market launch promotion advertise customer awareness publicity demand_generation messaging slogan
seo: seo search_engine keyword ranking organic backlink meta_tag serp sitemap google structured_data crawl title_tag visibility found traffic schema_markup search_result indexed < marketing
content: content blog article copywriting copy write writer editorial headline story draft newsletter publish post prose tone voice words text text_content ghostwrite essay ebook
editing: edit editor proofread grammar spelling style clarity typo punctuation rewrite polish readability wording tone mistakes sentence comma < content
social-media: social_media twitter linkedin instagram tiktok facebook hashtag post influencer community follower engagement viral share youtube feed thread < marketing
email: email mail newsletter inbox deliverability drip smtp spam open_rate subject_line outreach campaign unsubscribe mailbox dkim mailing_list bounce junk < marketing
advertising: advertising ads ppc google_ads campaign bid paid roas impression click cpc retargeting display creative ad_spend banner sponsored < marketing
sales: sales sell salesperson crm lead prospect pipeline deal quota outreach cold_call proposal salesforce account negotiate objection close hubspot discovery_call pitch quote b2b customer buyer opportunity win
support: customer_support support ticket helpdesk zendesk complaint customer_service faq response escalation user_question satisfaction help upset angry unhappy customer reply apologize refund_request polite complain
customer-success: customer_success retention churn onboarding adoption health_score renewal account_management upsell nps relationship leave cancel stay loyal keep_customer
product: product product_manager product_management roadmap backlog prioritize prioritization user_story feature requirement mvp stakeholder prd vision okr acceptance_criteria decide build_next idea product_owner wish
project-management: project_management project_manager scrum agile sprint kanban jira milestone deadline schedule timeline estimate resource gantt risk_register standup delivery plan task late coordination status retrospective ceremony overdue program coordinate
requirements: requirement business_analyst business_analysis specification elicitation use_case stakeholder process_map scope functional_spec acceptance need workshop gap_analysis vague clarify wish write_down
ux-research: user_research usability ux interview survey persona journey_map usability_test user_feedback observe participant questionnaire behavior confuse struggle understand_users why_users focus_group watch_people user_experience insight < design
design: design designer ui_design ux wireframe mockup prototype figma design_system user_interface interaction usability layout visual flow sketch component_library look_and_feel token screen icon user_experience
branding: brand branding logo identity visual_identity tone_of_voice naming guideline name slogan logotype palette symbol < marketing design
strategy: strategy strategic business_model vision competitive swot market_entry board executive decision long_term objective okr goal planning direction leadership company_direction ambition
market-research: market_research competitor competitive_analysis competitive_intelligence industry trend benchmark market_size survey tam landscape rival competition analyst opponent other_companies
fundraising: fundraising investor pitch_deck venture startup seed term_sheet valuation cap_table raise_money vc founder slide capital round funding grant pitch
procurement: procurement vendor supplier purchase rfp sourcing negotiation contract bid tender buy vendor_selection evaluate_vendor supplier_management outsource < operations
operations: operations process workflow efficiency standard_operating_procedure lean six_sigma improvement bottleneck automation procedure business_process handoff manual_work rpa back_office paperwork approval
logistics: logistics supply_chain warehouse inventory shipping delivery route fleet freight stock fulfillment demand parcel carrier truck package courier pallet reorder goods arrive transport driver shipment depot
manufacturing: manufacturing factory plant production_line quality_control machine cnc maintenance assembly yield predictive_maintenance scada plc industrial shop_floor defect_rate product_defect worker
risk: risk risk_management fraud assess likelihood mitigation control exposure scoring credit threat anti_money_laundering aml suspicious
fraud: fraud suspicious anomaly anomaly_detection chargeback scam abuse fake transaction_monitoring stolen_card bot risk_score cheat impostor crook unusual outlier stolen_credit_card credit_card_abuse thief theft steal stolen < risk
education: education teacher student course curriculum school university lesson learning quiz exam e-learning lms pedagogy classroom teach grade pupil homework tutor class textbook training
research: research literature investigate source fact_check citation summarize study paper survey evidence report gather background find_out deep_research compare claim fact look_up sources primary_source true verify_claim
summarization: summarize summary digest condense abstract key_point meeting_note minutes action_item transcript tldr short recap notes brief takeaway long boil
presentation: presentation slide deck powerpoint keynote talk speech public_speaking storytelling visual audience pitch speaker stage conference
meeting: meeting agenda calendar schedule minutes action_item invite appointment facilitate time_zone assistant notes attendee follow_up availability busy
spreadsheet: spreadsheet excel google_sheets formula pivot macro vba csv vlookup cell workbook column sheet
file-processing: pdf csv file document convert format excel word extract xml json yaml parse ocr conversion batch rename form page merge_file scanned attachment
events: event conference venue attendee speaker registration webinar catering sponsor agenda organize party gathering ticket guest celebration
travel: travel trip itinerary flight hotel booking tourism vacation destination airline holiday journey visit stay
real-estate: real_estate property listing mortgage rental tenant landlord housing home lease realtor apartment house flat rent buyer_home
food: recipe cooking food meal nutrition restaurant ingredient diet kitchen chef menu_plan dish eat cook dinner calorie
fitness: fitness workout exercise training_plan gym health wellness coach running strength sport muscle weight
energy: energy power grid_power solar renewable electricity battery carbon utility consumption turbine wind panel meter
sustainability: sustainability carbon emission climate esg footprint green environment environmental recycling greenhouse net_zero planet co2 < compliance
agriculture: agriculture farm crop soil irrigation harvest livestock agronomy plant weather yield farmer
government: government public_sector policy citizen municipality civic public_service legislation election procurement_public ministry grant
nonprofit: nonprofit charity donor donation volunteer fundraising grant ngo cause giving foundation
journalism: journalism news journalist reporter story interview press newsroom fact_check press_release media public_relations pr announcement crisis_communication statement coverage
writing-fiction: fiction novel story character plot screenplay narrative creative_writing worldbuilding dialogue author chapter hero poem script book scene
gis-weather: weather climate forecast_weather meteorology storm rain temperature
chaos: chaos chaos_engineering resilience fault_injection failure_injection game_day blast_radius deliberately break experiment_failure pull_plug survive < devops testing
feature-flags: feature_flag toggle experiment gradual_rollout launchdarkly kill_switch percentage switch_on subset turn_off < deployment
desktop: desktop electron tauri qt gtk wpf native_app installer windows macos tray window native
browser-extension: browser_extension chrome_extension firefox manifest_v3 content_script add-on toolbar plugin < frontend
wordpress: wordpress plugin theme cms gutenberg woocommerce blog site_builder drupal webflow contentful headless_cms page_builder < php
chatbot: chatbot bot slack discord telegram conversation dialogue assistant intent virtual_assistant voice_assistant reply slash_command channel message
erp: erp sap netsuite dynamics enterprise_resource workday abap enterprise module_erp general_ledger < finance operations
salesforce: salesforce apex lightning soql crm visualforce force.com < sales
low-code: low_code no_code zapier n8n airtable power_automate make.com automation bubble retool drag_and_drop glue_together connect_apps without_code without_programming no_programming form trigger submitted < operations
quantum: quantum qubit qiskit superposition entanglement circuit_quantum annealing
hpc: hpc supercomputer mpi openmp simd vectorize cuda cluster_computing numerical parallel fortran gpu_kernel simulation node < performance concurrency
webassembly: webassembly wasm wasi emscripten sandboxed_binary near_native < frontend
simulation: simulation simulate model monte_carlo agent_based finite_element physics_engine digital_twin scenario what_if
ethics: ethics responsible_ai bias fairness explainability transparency discrimination safety harm guardrail equal equally unfair interpretability < machine-learning compliance
threat-intel: threat_intelligence forensics incident_response siem soc malware indicator detection reverse_engineer breach evidence intruder splunk hunt attacker disassemble binary attribution < security
reverse-engineering: reverse_engineer disassemble decompile binary ghidra malware unpack obfuscate executable assembly without_source figure_out < security
accessibility-law: ada section_508 lawsuit_accessibility < accessibility legal
license-compliance: license open_source spdx copyleft gpl mit attribution obligation license_scan < legal dependencies
schema-validation: json_schema validation validate xml_schema contract_test data_contract type_check malformed input_validation sanitize
error-handling: error exception retry fallback graceful resilience timeout error_message failure_mode panic recover circuit_breaker user_facing message
logging: log logging structured_log log_aggregation elk kibana loki splunk audit_trail noise verbose line < monitoring
config-management: configuration config setting environment_variable yaml toml flag default override option
onboarding: onboarding newcomer first_day welcome new_hire ramp getting_started orientation starter join joiner new_employee
estimation: estimate estimation story_point how_long effort sizing guess plan duration time
automation: automation automate script robot workflow repetitive manual bot rpa tedious by_hand hand
`;

// What is done, whatever it is done to.
const ACTIONS = `
create: create build develop implement make write generate produce add construct scaffold craft author set_up introduce prepare draft compose
repair: fix repair solve resolve debug correct heal broken troubleshoot patch wrong fail bug
improve: improve optimize enhance better refine polish tune upgrade boost raise increase modernize streamline
examine: review audit inspect check assess evaluate examine analyze critique investigate scan look verify validate
design-action: design plan architect sketch model define outline structure shape propose
explain-action: explain teach describe clarify document tell show understand learn
change: migrate convert port transform move switch replace rewrite translate refactor transition
measure: measure benchmark profile track monitor count estimate quantify calculate compute metric
protect: protect secure harden defend guard prevent safe encrypt lock
predict-action: predict forecast anticipate project estimate future
find: find search discover detect identify locate spot hunt look_for
remove: remove delete drop clean reduce cut eliminate trim shrink prune decrease lower
organize: organize manage coordinate schedule prioritize plan arrange track sort
communicate: communicate write message announce present tell reply answer respond inform
automate-action: automate script schedule pipeline workflow automatic
compare: compare contrast choose select evaluate versus alternative pick decide
`;

/**
 * Reads the lines of a table.
 * @param {string} text
 * @param {string} kind
 */
function read(text, kind) {
  return text.trim().split('\n').map((line) => {
    const colon = line.indexOf(':');
    const [words, broader = ''] = line.slice(colon + 1).split('<');
    const split = (list) => list.trim().split(/\s+/).filter(Boolean);
    return { name: line.slice(0, colon), kind, words: split(words), broader: split(broader) };
  });
}

module.exports = { concepts: [...read(AREAS, 'area'), ...read(ACTIONS, 'action')] };
